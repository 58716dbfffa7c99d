import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { valueError } from '../base/errors.js';
import { setUpCommand } from '../base/set-up.js';
import type { Kernels } from './types.js';

const noKernels: Kernels = { ops: [], instructions: '', sets: [] };

/** Chooses the instruction set of convoy's kernels, or none of them. */
const variable = 'CONVOY_KERNELS';

/** What the library exports (`kernels/library.cc`). */
interface Library {
  readonly sets: string;
  use(name: string): string;
  flushSubnormals(flush: boolean): boolean;
  correctCaches(tensorflowVersion: string): number;
}

/** Where `setUpCommand` builds convoy's ops: beside tfjs-node. */
export function kernelsLibrary(): string {
  const manifest = createRequire(import.meta.url).resolve('@tensorflow/tfjs-node/package.json');
  return path.join(path.dirname(manifest), 'convoy-kernels.node');
}

/**
 * Registers convoy's ops with TensorFlow, for the instruction set that `CONVOY_KERNELS` names, else for the quickest. After
 * TensorFlow was loaded, on the main thread first; other threads find the ops there.
 *
 * @throws ConvoyError `CONVOY_OPTION` for a set that this machine does not have, or that comes after another was taken.
 */
export function loadKernels(tensorflowVersion: string): Kernels {
  const wanted = process.env[variable] ?? '';
  const { library, problem } = openLibrary(kernelsLibrary());
  const sets = library?.sets.split(',') ?? [];
  if (wanted !== '' && wanted !== 'off' && !sets.includes(wanted)) {
    const here =
      sets.length > 0 ? `or one of this machine's ${sets.join(', ')}` : 'as this machine has no kernels of ours';
    throw valueError(variable, `off, ${here},`, wanted);
  }
  if (library === undefined) return { ...noKernels, ...(wanted !== 'off' && problem !== undefined && { problem }) };
  // TensorFlow's own kernels need to know the caches as well.
  const correctCaches = (): number => library.correctCaches(tensorflowVersion);
  if (wanted === 'off') return { ...noKernels, sets, correctCaches };
  const flushSubnormals = (flush: boolean): boolean => library.flushSubnormals(flush);
  const common = { sets, flushSubnormals, correctCaches };
  const used = use(library, wanted);
  if (used === '') return { ...noKernels, ...common, problem: 'convoy has none for a processor without AVX2' };
  const [instructions, ops] = used.split(':') as [string, string];
  return { ...common, ops: ops === '' ? [] : ops.split(',').sort(), instructions };
}

function use(library: Library, set: string): string {
  try {
    return library.use(set);
  } catch (error) {
    const found = /(\w+), which this process uses already/.exec(String(error))?.[1];
    throw found === undefined ? error : valueError(variable, `${found}, which this process uses already,`, set);
  }
}

/** The library, or why there is none; neither where it was not built. */
function openLibrary(file: string): { readonly library?: Library; readonly problem?: string } {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    return { problem: `convoy has none for ${process.platform} ${process.arch}` };
  if (!existsSync(file)) return {};
  const loaded: { exports: Partial<Library> } = { exports: {} };
  try {
    process.dlopen(loaded, file);
  } catch (error) {
    // A library of another TensorFlow: training goes on without.
    const reason = error instanceof Error ? error.message : String(error); // names the file
    return { problem: `${reason}; remove that file and run \`${setUpCommand}\`` };
  }
  const { sets, use: chosen, flushSubnormals, correctCaches } = loaded.exports;
  const complete =
    typeof sets === 'string' &&
    [chosen, flushSubnormals, correctCaches].every((member) => typeof member === 'function');
  return complete
    ? { library: loaded.exports as Library }
    : { problem: `${file} is of another convoy; run \`${setUpCommand}\`` };
}
