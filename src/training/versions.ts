import { readFileSync } from 'node:fs';
import { tf } from '../base/tf.js';

// Compiled files lie in dist/src/training, package.json beside dist.
const manifest = new URL('../../../package.json', import.meta.url);

/** Versions of convoy, Node.js and TensorFlow.js. */
export function libraryVersions(): Record<'convoy' | 'node' | 'tfjs', string> {
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return { convoy: version, node: process.versions.node, tfjs: tf.version.tfjs };
}
