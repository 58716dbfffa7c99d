import { runBounded } from '../base/bounded-worker.js';
import { weightsError } from './errors.js';
import type { WeightsFile } from './tensors.js';

/** What the reading thread is given. */
export interface KerasHdf5Task {
  readonly file: string;
  readonly bytes: Uint8Array;
}

/** One step of the reading takes at most 8 MiB out of a file in memory: some 50 milliseconds. */
const silentSeconds = 3;

/**
 * Reads a Keras HDF5 file of any age from its bytes: whole models (`model_weights` and the attribute `model_config`),
 * weights by layer name, weights by object path. In a thread of its own, which is ended where a damaged file makes the
 * HDF5 library loop without end.
 *
 * @param bytes are given away where they have a buffer of their own.
 * @throws ConvoyError `CONVOY_WEIGHTS`.
 */
export async function readKerasHdf5(file: string, bytes: Uint8Array): Promise<WeightsFile> {
  const { buffer, byteLength } = bytes;
  const own = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
  return runBounded<KerasHdf5Task, WeightsFile>({
    module: new URL('./keras-hdf5-worker.js', import.meta.url),
    task: { file, bytes },
    transfer: own ? [buffer] : [],
    silentSeconds,
    failed: (reason) => weightsError(file, 'HDF5', 'an intact HDF5 file', reason),
  });
}
