import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Kernels } from './types.js';

const noKernels: Kernels = { ops: [], instructions: '' };

/** Set to `off`, trains with TensorFlow's kernels alone. */
const variable = 'CONVOY_KERNELS';

/** Where `npm run native` builds our own ops: beside tfjs-node. */
export function kernelsLibrary(): string {
  const manifest = createRequire(import.meta.url).resolve('@tensorflow/tfjs-node/package.json');
  return path.join(path.dirname(manifest), 'convoy-kernels.node');
}

/**
 * Registers our own ops with TensorFlow. After TensorFlow was loaded, on the main thread first; other threads find the ops
 * there.
 */
export function loadKernels(): Kernels {
  const library = kernelsLibrary();
  const loaded = existsSync(library) ? openLibrary(library) : noKernels;
  if (process.env[variable] !== 'off') return loaded;
  const { mendCaches } = loaded; // TensorFlow's own kernels need to know the caches as well
  return { ...noKernels, ...(mendCaches && { mendCaches }) };
}

function openLibrary(library: string): Kernels {
  const loaded: { exports: Record<string, unknown> } = { exports: {} };
  try {
    process.dlopen(loaded, library);
  } catch (error) {
    // A library of another TensorFlow: training goes on without.
    const reason = error instanceof Error ? error.message : String(error); // names the file
    return { ...noKernels, problem: `${reason}; remove that file and run \`npm run native\`` };
  }
  const { ops, instructions, flushSubnormals, mendCaches } = loaded.exports;
  if (
    typeof ops !== 'string' ||
    typeof instructions !== 'string' ||
    typeof flushSubnormals !== 'function' ||
    typeof mendCaches !== 'function'
  ) {
    return { ...noKernels, problem: `${library} is of another convoy; run \`npm run native\`` };
  }
  return {
    ops: ops === '' ? [] : ops.split(','),
    instructions,
    flushSubnormals: flushSubnormals as NonNullable<Kernels['flushSubnormals']>,
    mendCaches: mendCaches as NonNullable<Kernels['mendCaches']>,
  };
}
