import { type BatchSlot, boxLength, type Dataset, imageBytes } from '../../src/contracts/index.js';

/** The images of a window, and their masks or boxes where they have any. */
export interface WindowBuffer {
  readonly pixels: Uint8Array<SharedArrayBuffer>;
  readonly masks?: Uint8Array<SharedArrayBuffer>;
  readonly boxes?: Float32Array<SharedArrayBuffer>;
}

/** Numbers that a sample has in each memory of a window. */
function lengths({ shape, targets }: Pick<Dataset, 'shape' | 'targets'>) {
  return {
    pixels: imageBytes(shape),
    masks: targets.kind === 'masks' ? shape.height * shape.width : 0,
    boxes: targets.kind === 'boxes' ? targets.capacity * boxLength : 0,
  };
}

/** Memory for a window of `samples` images. */
export function createWindowBuffer(dataset: Pick<Dataset, 'shape' | 'targets'>, samples: number): WindowBuffer {
  const { pixels, masks, boxes } = lengths(dataset);
  const memory = (bytes: number): SharedArrayBuffer => new SharedArrayBuffer(samples * bytes);
  return {
    pixels: new Uint8Array(memory(pixels)),
    ...(masks > 0 && { masks: new Uint8Array(memory(masks)) }),
    ...(boxes > 0 && { boxes: new Float32Array(memory(boxes * 4)) }),
  };
}

/** Bytes of a window's memory. */
export function bufferBytes({ pixels, masks, boxes }: WindowBuffer): number {
  return pixels.byteLength + (masks?.byteLength ?? 0) + (boxes?.byteLength ?? 0);
}

/** Copies samples of a window, from `begin` until before `end`, to a slot, from row `to` on. */
export function copyToSlot(
  dataset: Pick<Dataset, 'shape' | 'targets'>,
  buffer: WindowBuffer,
  slot: BatchSlot,
  { begin, end, to }: { readonly begin: number; readonly end: number; readonly to: number },
): void {
  const each = lengths(dataset);
  slot.pixels.set(buffer.pixels.subarray(begin * each.pixels, end * each.pixels), to * each.pixels);
  if (buffer.masks) slot.masks?.set(buffer.masks.subarray(begin * each.masks, end * each.masks), to * each.masks);
  if (buffer.boxes) slot.boxes?.set(buffer.boxes.subarray(begin * each.boxes, end * each.boxes), to * each.boxes);
}
