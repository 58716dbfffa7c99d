/**
 * Brings tfjs-node where `npm install` left it out: its own install script downloads from a host that not every network
 * reaches, and npm then drops the package. It comes from the npm registry, without its script.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './run.mjs';

/** The folder of convoy's own package.json. */
export const packageFolder = fileURLToPath(new URL('../../', import.meta.url));
const wanted = '@tensorflow/tfjs-node';

/** npm itself as a command: the one that runs this script, else what is on PATH. */
function npm() {
  const script = process.env.npm_execpath;
  if (script?.endsWith('.js') && existsSync(script)) return [process.execPath, script];
  return [process.platform === 'win32' ? 'npm.cmd' : 'npm'];
}

/** Moves packages, scoped ones too, into a node_modules folder; those that are there stay. */
function adopt(source, target, skipped) {
  mkdirSync(target, { recursive: true });
  for (const name of readdirSync(source)) {
    if (name.startsWith('.')) continue;
    if (name.startsWith('@')) {
      adopt(
        path.join(source, name),
        path.join(target, name),
        skipped.map((entry) => (entry.startsWith(`${name}/`) ? entry.slice(name.length + 1) : '')),
      );
    } else if (!skipped.includes(name) && !existsSync(path.join(target, name))) {
      renameSync(path.join(source, name), path.join(target, name));
    }
  }
}

/**
 * Installs tfjs-node and what it needs into convoy's own node_modules, all but TensorFlow.js itself, of which there must be
 * one copy.
 *
 * @returns {Promise<string | undefined>} why it failed.
 */
export async function fetchPackage() {
  const { optionalDependencies = {}, dependencies = {} } = JSON.parse(
    readFileSync(path.join(packageFolder, 'package.json'), 'utf8'),
  );
  const version = optionalDependencies[wanted] ?? dependencies[wanted];
  const stage = mkdtempSync(path.join(packageFolder, '.convoy-native-'));
  try {
    const [command, ...args] = npm();
    const options = ['install', '--prefix', stage, '--ignore-scripts', '--no-save', '--no-audit', '--no-fund'];
    const installed = await run(command, [...args, ...options, `${wanted}@${version}`], { cwd: stage });
    if (!installed.ok) return `npm could not install ${wanted}@${version}: ${installed.reason}`;
    const skipped = readdirSync(path.join(stage, 'node_modules/@tensorflow'))
      .filter((name) => name !== 'tfjs-node')
      .map((name) => `@tensorflow/${name}`);
    adopt(path.join(stage, 'node_modules'), path.join(packageFolder, 'node_modules'), skipped);
    return undefined;
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}
