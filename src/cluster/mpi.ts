import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { ConvoyError } from '../base/errors.js';
import { setUpCommand } from '../base/set-up.js';

/** Number of a request under way. */
export type MpiRequest = number;

/** What `addon/mpi.cc` exports; memory is given as a view, with offset and length in bytes. */
export interface Mpi {
  init(): void;
  rank(): number;
  size(): number;
  isend(view: Uint8Array, offset: number, length: number, peer: number, tag: number): MpiRequest;
  irecv(view: Uint8Array, offset: number, length: number, peer: number, tag: number): MpiRequest;
  iallgatherv(view: Uint8Array, ends: Float64Array): MpiRequest;
  ialltoallv(from: Uint8Array, fromEnds: Float64Array, to: Uint8Array, toEnds: Float64Array): MpiRequest;
  ibcast(view: Uint8Array, offset: number, length: number, root: number): MpiRequest;
  ibarrier(): MpiRequest;
  /** Whether a request is done; its number is free again then. */
  test(request: MpiRequest): boolean;
  cancel(request: MpiRequest): void;
  abort(code: number): void;
  finalize(): void;
}

/** Where `setUpCommand` builds the addon: beside tfjs-node. */
export function addonFile(): string {
  const manifest = createRequire(import.meta.url).resolve('@tensorflow/tfjs-node/package.json');
  return path.join(path.dirname(manifest), 'convoy-mpi.node');
}

const install =
  `install Open MPI (Debian, Ubuntu: apt-get install openmpi-bin libopenmpi-dev) on every machine, ` +
  `then run \`${setUpCommand}\` there`;

/**
 * Sees that the addon is there.
 *
 * @throws ConvoyError `CONVOY_NATIVE` that says what to install.
 */
export function needAddon(file = addonFile()): void {
  if (existsSync(file)) return;
  throw new ConvoyError('CONVOY_NATIVE', `Expected convoy's addon for Open MPI but found none: ${install}`, { file });
}

/**
 * Loads the addon.
 *
 * @throws ConvoyError `CONVOY_NATIVE` when it does not load.
 */
export function openMpi(file: string): Mpi {
  const loaded: { exports: Partial<Mpi> } = { exports: {} };
  try {
    process.dlopen(loaded, file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConvoyError(
      'CONVOY_NATIVE',
      `Expected to load convoy's addon for Open MPI but ${reason}: ${install}`,
      { file },
      error,
    );
  }
  return loaded.exports as Mpi;
}
