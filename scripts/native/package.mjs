/** Where tfjs-node lies, and the stamp that says its addon has been seen to load. */
import { randomUUID } from 'node:crypto';
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

/**
 * @typedef {object} Target
 * @property {string} folder of tfjs-node
 * @property {string} addon the file that Node loads, relative to `folder`
 */

/**
 * tfjs-node as installed next to this script, or in `folder`.
 *
 * @param {string} [folder]
 * @returns {Target}
 */
export function findTarget(folder) {
  const manifest = folder
    ? path.resolve(folder, 'package.json')
    : createRequire(import.meta.url).resolve('@tensorflow/tfjs-node/package.json');
  const { binary } = JSON.parse(readFileSync(manifest, 'utf8'));
  // node-pre-gyp's rule: the newest Node-API that both the package and this Node know.
  const versions = binary.napi_versions.filter((version) => version <= Number(process.versions.napi));
  const modulePath = binary.module_path.replace('{napi_build_version}', String(Math.max(...versions)));
  return { folder: path.dirname(manifest), addon: path.join(modulePath, `${binary.module_name}.node`) };
}

const stampFile = (target) => path.join(target.folder, 'convoy-native.json');

/** A file as it is now: other bytes have another size or time. Follows links. */
function fingerprint(file) {
  const { size, mtimeMs } = statSync(file);
  return `${file}:${size}:${mtimeMs}`;
}

/** What a successful load depended on, without loading anything. */
function fingerprints(target, libraries) {
  return [path.join(target.folder, target.addon), ...libraries].map(fingerprint);
}

const thisNode = () => `${process.platform}-${process.arch}-${process.versions.modules}-${process.execPath}`;

function readStamp(target) {
  try {
    const stamp = JSON.parse(readFileSync(stampFile(target), 'utf8'));
    return typeof stamp === 'object' && stamp !== null && Array.isArray(stamp.libraries) ? stamp : undefined;
  } catch {
    return undefined; // none yet, or cut short: as good as none
  }
}

/**
 * What was found ready before, when nothing has changed since: `{version, from}`; else undefined. Takes milliseconds:
 * the library of 800 MB is not loaded.
 */
export function readReady(target) {
  const stamp = readStamp(target);
  if (stamp === undefined || !stamp.nodes?.includes(thisNode())) return undefined;
  try {
    const now = fingerprints(target, stamp.libraries);
    if (now.join('\n') !== stamp.fingerprints.join('\n')) return undefined;
  } catch {
    return undefined; // a file is gone
  }
  return { version: stamp.version, from: stamp.from };
}

/** The way the addon in place was made, as far as it is known. */
export function readOrigin(target) {
  return readStamp(target)?.from;
}

/** Remembers that this Node loads the addon; other Nodes of the same files are kept. */
export function writeStamp(target, { version, from, libraries }) {
  const now = fingerprints(target, libraries);
  const old = readStamp(target);
  const same = old?.fingerprints?.join('\n') === now.join('\n');
  const nodes = [...new Set([...(same ? old.nodes : []), thisNode()])];
  const temporary = `${stampFile(target)}.${randomUUID()}`;
  writeFileSync(temporary, `${JSON.stringify({ version, from, nodes, libraries, fingerprints: now }, null, 2)}\n`);
  renameSync(temporary, stampFile(target));
}

/** Forgets what was ready, before files change. */
export function removeStamp(target) {
  rmSync(stampFile(target), { force: true });
}
