/** The ways to make TensorFlow loadable. Each returns `{version}` when it did, or `{reason}`. */
import { existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, statfsSync, symlinkSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { differsFromPinned } from './pinned.mjs';
import { watchDownload } from './progress.mjs';
import { onPath, run } from './run.mjs';
import { addAliases, buildAddon, install, makeLibraryFolder, missingTools, wheelLibraries } from './stage.mjs';
import { includedHeaders, Wheel } from './wheel.mjs';

/** What the addon's sources include of TensorFlow (`binding/*.cc` and `*.h` of tfjs-node 4.22). */
const includedRoots = [
  'tensorflow/c/c_api.h',
  'tensorflow/c/eager/c_api.h',
  'tensorflow/c/tf_datatype.h',
  'tensorflow/c/tf_status.h',
  'tensorflow/c/tf_tensor.h',
  'tensorflow/core/platform/ctstring_internal.h',
];

/** What the kernels of convoy include of TensorFlow; they have a copy of the declarations where these are missing. */
const kernelRoots = ['tensorflow/c/kernels.h', 'tensorflow/c/ops.h'];

/** The TensorFlow that convoy is tested with; another is taken only where this one is not offered. */
const testedVersion = '~=2.21.0';
/** The wheel's libraries are the same for every Python; this one is offered for all of them. */
const offeredPython = ['--python-version', '3.12'];
/** Of TensorFlow's wheel, about. */
const wheelBytes = 270e6;
/** The wheel and what is taken from it, 850 MB. */
const wheelSpace = 1.2e9;

async function buildWithTools(target, stage, from) {
  const missing = missingTools();
  if (missing.length > 0) return { reason: `building the addon needs ${missing.join(', ')}, not found on PATH` };
  const failed = await buildAddon(target, stage);
  return failed === undefined ? install(target, stage, from) : { reason: failed };
}

/** A directory that a person names: a libtensorflow release, or an installed tensorflow Python package. */
export async function fromDirectory(target, stage) {
  const given = process.env.CONVOY_LIBTENSORFLOW;
  if (!given) return { reason: 'it is not set' };
  const roots = [given, path.join(given, 'tensorflow')].map((folder) => path.resolve(folder));
  const root = roots.find((folder) => existsSync(path.join(folder, 'include', includedRoots[0])));
  if (root === undefined) return { reason: `${given}: expected include/${includedRoots[0]} but found none` };
  const folders = [path.join(root, 'lib'), root].filter((folder) => existsSync(folder));
  const holdsLibrary = (folder) => readdirSync(folder).some((name) => /^libtensorflow.*\.(so|dylib)/.test(name));
  const libraries = folders.find(holdsLibrary);
  if (libraries === undefined) return { reason: `${root}: expected libtensorflow in it or its lib/ but found none` };
  const links = makeLibraryFolder(stage);
  for (const name of readdirSync(libraries)) {
    if (name.startsWith('libtensorflow')) symlinkSync(realpathSync(path.join(libraries, name)), path.join(links, name));
  }
  symlinkSync(path.join(root, 'include'), path.join(stage, 'deps/include'));
  addAliases(stage);
  return buildWithTools(target, stage, 'directory');
}

/** True when the host of a web address answers within 5 seconds; tfjs-node's installer waits for minutes. */
function unreachable(address) {
  const { hostname, port, protocol } = new URL(address);
  return new Promise((resolve) => {
    const socket = net.connect({ host: hostname, port: Number(port) || (protocol === 'http:' ? 80 : 443) });
    const end = (reason) => {
      socket.destroy();
      resolve(reason);
    };
    socket.setTimeout(5000, () => end(`${hostname} does not answer`));
    socket.once('connect', () => end(undefined));
    socket.once('error', (error) => end(`${hostname} cannot be reached: ${error.code ?? error.message}`));
  });
}

/** tfjs-node's own installer, which downloads libtensorflow and a ready addon. */
export async function fromInstaller(target, stage) {
  const { env } = process;
  const proxied = ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].some((name) => env[name]);
  const elsewhere = ['TFJS_NODE_BASE_URI', 'TFJS_NODE_CDN_STORAGE', 'CDN_STORAGE'].some((name) => env[name]);
  if (!proxied && !elsewhere) {
    const { binary } = JSON.parse(readFileSync(path.join(target.folder, 'package.json'), 'utf8'));
    const reason = await unreachable(binary.host);
    if (reason !== undefined) return { reason };
  }
  // It calls node-pre-gyp by name.
  const programs = [];
  for (let at = target.folder; at !== path.dirname(at); at = path.dirname(at)) {
    programs.push(path.join(at, 'node_modules/.bin'));
    if (path.basename(at) === 'node_modules') programs.push(path.join(at, '.bin'));
  }
  const PATH = [...programs, path.dirname(process.execPath), env.PATH ?? ''].join(path.delimiter);
  const installed = await run(process.execPath, ['scripts/install.js'], { cwd: stage, env: { PATH } });
  return installed.ok ? install(target, stage, 'installer') : { reason: installed.reason };
}

async function findPip() {
  const candidates = [['python3', '-m', 'pip'], ['pip3'], ['python', '-m', 'pip'], ['pip']];
  for (const [command, ...args] of candidates) {
    if (!onPath(command)) continue;
    const found = await run(command, [...args, '--version'], { timeout: 60_000 });
    if (found.ok) return [command, ...args];
  }
  return undefined;
}

async function downloadWheel(pip, folder) {
  const name = process.platform === 'linux' && process.arch === 'x64' ? 'tensorflow-cpu' : 'tensorflow';
  const [command, ...args] = pip;
  const options = ['download', '--quiet', '--no-deps', '--only-binary=:all:', '--progress-bar=off', '--dest', folder];
  const partial = path.join(folder, 'partial'); // where pip keeps what has arrived
  mkdirSync(partial);
  const env = { PIP_RETRIES: '0', PIP_DISABLE_PIP_VERSION_CHECK: '1', TMPDIR: partial };
  const end = watchDownload(folder, wheelBytes);
  try {
    return await downloadOffered([command, ...args], options, env, name, folder);
  } finally {
    end();
  }
}

async function downloadOffered([command, ...args], options, env, name, folder) {
  let reason = '';
  for (const wanted of [`${name}${testedVersion}`, name]) {
    for (const python of [[], offeredPython]) {
      const got = await run(command, [...args, ...options, ...python, wanted], { env });
      const wheel = readdirSync(folder).find((file) => file.endsWith('.whl'));
      if (got.ok && wheel !== undefined) return { wheel: path.join(folder, wheel) };
      reason ||= got.reason || 'pip downloaded no wheel';
      const notOffered = got.output.includes('No matching distribution');
      if (!notOffered || /connection|timed out|could not fetch/i.test(got.output)) return { reason };
    }
  }
  return { reason };
}

/** The wheel of TensorFlow that pip offers; its libraries and the headers that the addon needs are taken from it. */
export async function fromPip(target, stage) {
  if (process.platform === 'win32') return { reason: 'its wheel for Windows has no library to link an addon with' };
  const missing = missingTools();
  const pip = await findPip();
  if (pip === undefined) missing.push('pip');
  if (missing.length > 0) return { reason: `it needs ${missing.join(', ')}, not found on PATH` };
  const { bavail, bsize } = statfsSync(stage);
  if (bavail * bsize < wheelSpace) {
    return { reason: `${stage}: expected 1.2 GB of free space but found ${((bavail * bsize) / 1e9).toFixed(1)} GB` };
  }
  const folder = path.join(stage, 'wheel');
  mkdirSync(folder);
  const downloaded = await downloadWheel(pip, folder);
  if (downloaded.reason !== undefined) return downloaded;
  const differs = await differsFromPinned(downloaded.wheel);
  if (differs !== undefined) return { reason: differs };
  const wheel = await Wheel.open(downloaded.wheel);
  for (const header of await includedHeaders(wheel, 'tensorflow/include/', [...includedRoots, ...kernelRoots])) {
    await wheel.extract(`tensorflow/include/${header}`, path.join(stage, 'deps/include', header));
  }
  const libraries = makeLibraryFolder(stage);
  for (const name of wheelLibraries) await wheel.extract(`tensorflow/${name}`, path.join(libraries, name));
  addAliases(stage);
  return buildWithTools(target, stage, 'pip');
}
