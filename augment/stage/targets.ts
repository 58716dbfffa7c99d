/** What every stage does for a batch besides pixels. */
import { valueError } from '../../src/base/errors.js';
import { type BatchRequest, type BatchSlot, boxLength, type Dataset } from '../../src/contracts/index.js';

/** The slot of a request. */
export function slotOf(slots: readonly BatchSlot[], request: BatchRequest): BatchSlot {
  const slot = slots[request.slot];
  if (slot === undefined) throw valueError('request.slot', `an integer from 0 to ${slots.length - 1}`, request.slot);
  return slot;
}

/** Copies the targets of `samples` to the slot's labels or values, from row 0. */
export function gatherTargets(dataset: Dataset, samples: Uint32Array, slot: BatchSlot): void {
  const { targets } = dataset;
  if (targets.kind === 'classes') {
    const labels = slot.labels;
    if (labels === undefined) throw valueError('slot.labels', 'memory for class labels', undefined);
    for (let i = 0; i < samples.length; i++) labels[i] = targets.labels[samples[i] as number] as number;
    return;
  }
  if (targets.kind === 'pixels') return;
  if (targets.kind === 'masks') {
    if (slot.masks === undefined) throw valueError('slot.masks', 'memory for masks', undefined);
    const { height, width } = dataset.shape;
    copySamples({ from: targets.masks, to: slot.masks, samples, each: height * width });
    return;
  }
  if (targets.kind === 'boxes') {
    if (slot.boxes === undefined) throw valueError('slot.boxes', 'memory for boxes', undefined);
    copySamples({ from: targets.boxes, to: slot.boxes, samples, each: targets.capacity * boxLength });
    return;
  }
  const values = slot.values;
  if (values === undefined) throw valueError('slot.values', 'memory for multi-label targets', undefined);
  copySamples({ from: targets.values, to: values, samples, each: dataset.classes.length });
}

/** Copies what lies behind each other for all samples to `to`, in the order of `samples`, `each` numbers a sample. */
export function copySamples<Numbers extends Float32Array | Uint8Array>({
  from,
  to,
  samples,
  each,
}: {
  readonly from: Numbers;
  readonly to: Numbers;
  readonly samples: Uint32Array;
  readonly each: number;
}): void {
  for (let i = 0; i < samples.length; i++) {
    const start = (samples[i] as number) * each;
    to.set(from.subarray(start, start + each), i * each);
  }
}
