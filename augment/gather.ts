/** Targets and untouched pixels: plain copies on the calling thread. */
import { ConvoyError, optionError } from '../src/errors.js';
import type { BatchRequest, BatchSlot, BatchStage, Dataset } from '../src/contracts/index.js';
import { imageBytes } from './windows.js';

/** The slot of a request. */
export function slotOf(slots: readonly BatchSlot[], request: BatchRequest): BatchSlot {
  const slot = slots[request.slot];
  if (slot === undefined) throw optionError('request.slot', `integer from 0 to ${slots.length - 1}`, request.slot);
  return slot;
}

/** Copies the targets of `samples` to the slot's labels or values, from row 0. */
export function gatherTargets(dataset: Dataset, samples: Uint32Array, slot: BatchSlot): void {
  const { targets } = dataset;
  if (targets.kind === 'classes') {
    const labels = slot.labels;
    if (labels === undefined) throw optionError('slot.labels', 'memory for class labels', undefined);
    for (let i = 0; i < samples.length; i++) labels[i] = targets.labels[samples[i] as number] as number;
    return;
  }
  const values = slot.values;
  if (values === undefined) throw optionError('slot.values', 'memory for multi-label targets', undefined);
  const width = dataset.classes.length;
  for (let i = 0; i < samples.length; i++) {
    const from = (samples[i] as number) * width;
    values.set(targets.values.subarray(from, from + width), i * width);
  }
}

/**
 * A stage without transforms over pixels in memory: each `fill` copies images and targets at once, in this thread.
 *
 * @throws ConvoyError `CONVOY_OPTION` for a dataset of files, which `createAugmentStage` decodes.
 */
export function createGatherStage({ dataset, slots }: { dataset: Dataset; slots: readonly BatchSlot[] }): BatchStage {
  const { store } = dataset;
  if (store.kind !== 'pixels') throw optionError('dataset.store', 'pixels in memory', store.kind);
  const bytes = imageBytes(dataset.shape);
  let closed = false;
  return {
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
