/** How many threads the stage needs, from a short measurement. */
import { type Dataset, imageBytes } from '../../src/contracts/index.js';
import { availableCores } from '../../src/native/index.js';
import type { AugmentSpec } from '../spec/index.js';
import type { AugmentPool } from './pool.js';
import { windowSizes } from './windows.js';

/** What a core trains of 32x32 colour images a second with a small network compiled (design, fact 3), rounded up. */
const trainedPerCore = 2000;
const bytesOfThose = 32 * 32 * 3;
/** Samples of the measurement at most. */
const measured = 512;

/**
 * Threads that keep up with training on `cores` cores, at most half of them: the cores are needed for training.
 * `imagesPerSecond` is what one thread makes.
 */
export function workersFor(imagesPerSecond: number, bytes: number, cores: number): number {
  const demand = (cores * trainedPerCore * bytesOfThose) / bytes;
  const most = Math.max(1, Math.floor(cores / 2));
  return Math.max(1, Math.min(most, Math.ceil(demand / imagesPerSecond)));
}

/** Most threads that only decode: as many as sharp would use in one (libuv's). */
const mostDecoders = 4;

/** Threads that decode files where no number is asked for: half the cores, which leaves the others to training. */
export function decodeThreads(cores = availableCores()): number {
  return Math.max(1, Math.min(mostDecoders, Math.floor(cores / 2)));
}

/** Images a second of the one thread of `pool`: a window's start, twice, the first time to warm up. */
export async function measureThread(pool: AugmentPool, dataset: Dataset, transforms: AugmentSpec): Promise<number> {
  const count = Math.min(dataset.count, measured, windowSizes(dataset, transforms).windowSize);
  const samples = Uint32Array.from({ length: count }, (_, index) => index);
  const pixels = new Uint8Array(new SharedArrayBuffer(count * imageBytes(dataset.shape)));
  let seconds = 0;
  for (let turn = 0; turn < 2; turn++) {
    const reply = await pool.run({ kind: 'render', epoch: 0, window: 0, samples, pixels });
    if (reply.kind === 'rendered') seconds = reply.seconds;
  }
  return count / Math.max(seconds, 1e-6);
}
