/** Batches without transforms: pixels in memory are copied on the calling thread, files decoded in a pool. */
import type { Patience } from '../../src/base/answer-watch.js';
import { ConvoyError } from '../../src/base/errors.js';
import { type BatchSlot, type BatchStage, type Dataset, imageBytes } from '../../src/contracts/index.js';
import { decodeThreads } from './auto.js';
import type { CountSamples } from './contract.js';
import { createDecodeStage } from './stage.js';
import { gatherTargets, slotOf } from './targets.js';

interface GatherStageOptions {
  readonly dataset: Dataset;
  readonly slots: readonly BatchSlot[];
  /** Threads for a dataset of files; half the cores by default, 4 at most. */
  readonly workers?: number;
  /** How long a thread is waited for; default: for ever. */
  readonly patience?: Patience;
  /** How many samples between two positions of an epoch will be asked for; default: all. */
  readonly counted?: CountSamples | undefined;
}

/**
 * A stage without transforms. Over pixels in memory each `fill` copies images and targets at once, in this thread; over
 * files it decodes ahead in a pool, the largest central part of each image resized to the dataset's shape.
 */
export function createGatherStage({
  dataset,
  slots,
  workers = decodeThreads(),
  patience,
  counted,
}: GatherStageOptions): BatchStage {
  const { store } = dataset;
  if (store.kind !== 'pixels') return createDecodeStage(dataset, slots, workers, patience, counted);
  const bytes = imageBytes(dataset.shape);
  let closed = false;
  return {
    immediate: true,
    begin: () => undefined,
    fill: async (request) => {
      if (closed) throw new ConvoyError('CONVOY_ABORTED', 'The batch stage was closed');
      const slot = slotOf(slots, request);
      const { samples } = request;
      for (let i = 0; i < samples.length; i++) {
        const from = (samples[i] as number) * bytes;
        slot.pixels.set(store.pixels.subarray(from, from + bytes), i * bytes);
      }
      gatherTargets(dataset, samples, slot);
    },
    close: async () => {
      closed = true;
    },
  };
}
