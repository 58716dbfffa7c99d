/**
 * A copy of tfjs-node's build files beside the package, in which a way gathers TensorFlow and builds the addon. Only
 * when the addon there has loaded does it take the place of the old one: an interrupted run leaves nothing half made.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { removeStamp, writeStamp } from './package.mjs';
import { onPath, run } from './run.mjs';

const prefix = '.convoy-native-';

/** Library files that the addon is linked with, by the names tfjs-node's `binding.gyp` gives them, and a wheel's. */
const aliases =
  process.platform === 'darwin'
    ? [
        ['libtensorflow.2.dylib', 'libtensorflow_cc.2.dylib'],
        ['libtensorflow_framework.2.dylib', 'libtensorflow_framework.2.dylib'],
      ]
    : [
        ['libtensorflow.so', 'libtensorflow_cc.so.2'],
        ['libtensorflow_framework.so', 'libtensorflow_framework.so.2'],
      ];

/** Files of a wheel that hold TensorFlow. */
export const wheelLibraries = aliases.map(([, file]) => file);

/** Makes a stage, once what interrupted runs left is removed. */
export function makeStage(target) {
  const parent = path.dirname(target.folder);
  for (const name of readdirSync(parent)) {
    if (name.startsWith(prefix)) rmSync(path.join(parent, name), { recursive: true, force: true });
  }
  const folder = mkdtempSync(path.join(parent, prefix));
  for (const name of ['package.json', 'binding.gyp', 'binding', 'scripts', 'node_modules']) {
    const source = path.join(target.folder, name);
    if (existsSync(source)) cpSync(source, path.join(folder, name), { recursive: true });
  }
  return folder;
}

/** Puts links for what `binding.gyp` links with beside the libraries of a stage. */
export function addAliases(stage) {
  const libraries = path.join(stage, 'deps/lib');
  for (const [alias, file] of aliases) {
    if (!existsSync(path.join(libraries, alias))) symlinkSync(file, path.join(libraries, alias));
  }
}

/** The C++ compiler to build with: the one in CXX, else what is on PATH; undefined when there is none. */
export function compiler() {
  return process.env.CXX ?? (process.platform === 'darwin' ? ['clang++', 'g++'] : ['g++', 'clang++']).find(onPath);
}

/** What a build needs and this machine lacks, by the names of commands; empty when all is there. */
export function missingTools() {
  const missing = ['make', 'python3'].filter((tool) => !onPath(tool));
  return compiler() === undefined ? ['g++', ...missing] : missing;
}

/** Compiles the addon in a stage whose `deps` are complete; returns why it failed, or undefined. */
export async function buildAddon(target, stage) {
  const tool = createRequire(path.join(target.folder, 'package.json')).resolve('@mapbox/node-pre-gyp/bin/node-pre-gyp');
  const env = { CXX: compiler(), JOBS: '2' }; // two source files
  // Node's headers come with Node; node-gyp would download them otherwise.
  const home = path.dirname(path.dirname(realpathSync(process.execPath)));
  const headers = existsSync(path.join(home, 'include/node/node_api.h'));
  if (headers && !process.env.npm_config_nodedir) env.npm_config_nodedir = home;
  const built = await run(process.execPath, [tool, 'install', '--build-from-source'], { cwd: stage, env });
  if (!built.ok) return `building the addon failed: ${built.reason}`;
  if (process.platform !== 'darwin') return undefined;
  // binding.gyp corrects the path of libtensorflow.2.dylib only; a wheel's library calls itself libtensorflow_cc.
  const addon = path.join(stage, target.addon);
  const corrected = await run('install_name_tool', ['-add_rpath', '@loader_path/../../deps/lib', addon]);
  const signed = corrected.ok ? await run('codesign', ['--force', '--sign', '-', addon]) : corrected;
  return signed.ok ? undefined : `correcting the addon's library path failed: ${signed.reason}`;
}

/** Loads an addon in a process of its own: `{version, libraries}`, or `{reason}`. */
export async function checkAddon(folder, target) {
  const addon = path.join(folder, target.addon);
  if (!existsSync(addon)) return { reason: `${addon} is not there` };
  const script = fileURLToPath(new URL('check.mjs', import.meta.url));
  const env = { TF_CPP_MIN_LOG_LEVEL: '2' };
  const checked = await run(process.execPath, [script, addon], { timeout: 120_000, env });
  if (!checked.ok) return { reason: `${addon} does not load: ${checked.reason}` };
  const { version, libraries } = JSON.parse(checked.output.split('\n').find((line) => line.startsWith('{')) ?? '{}');
  return { version, libraries };
}

/** Lets a stage that loads take the place of what the package had, and stamps it. */
export async function install(target, stage, from) {
  const staged = await checkAddon(stage, target);
  if (staged.reason !== undefined) return staged;
  removeStamp(target);
  for (const name of ['deps', 'lib']) {
    const place = path.join(target.folder, name);
    if (existsSync(place)) renameSync(place, path.join(stage, `old-${name}`));
    renameSync(path.join(stage, name), place);
  }
  return acceptInPlace(target, from);
}

/** Loads what the package has, and stamps it. */
export async function acceptInPlace(target, from) {
  const found = await checkAddon(target.folder, target);
  if (found.reason === undefined) writeStamp(target, { ...found, from });
  return found;
}

/** An empty folder `deps/lib` in a stage. */
export function makeLibraryFolder(stage) {
  const folder = path.join(stage, 'deps/lib');
  mkdirSync(folder, { recursive: true });
  return folder;
}
