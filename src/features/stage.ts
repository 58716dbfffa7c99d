import { gatherTargets, slotOf } from '../../augment/stage/index.js';
import { ConvoyError, valueError } from '../base/errors.js';
import type { BatchSlot, BatchStage, Dataset } from '../contracts/index.js';
import type { FeatureRows } from './rows.js';

/** A stage that fills batches with features instead of pixels; closing it leaves the rows open. */
export function createFeatureStage(dataset: Dataset, rows: () => FeatureRows, slots: readonly BatchSlot[]): BatchStage {
  let closed = false;
  return {
    begin: () => undefined,
    fill: async (request) => {
      if (closed) throw new ConvoyError('CONVOY_ABORTED', 'The batch stage was closed');
      const slot = slotOf(slots, request);
      if (slot.features === undefined) throw valueError('slot.features', 'memory for features', undefined);
      await rows().read(request.samples, slot.features);
      gatherTargets(dataset, request.samples, slot);
    },
    close: async () => {
      closed = true;
    },
  };
}
