import { type MaskKey, type MaskWriter, maskStateBytes, openMaskWriter } from '../kernels/index.js';
import type { ThreadMemory } from '../memory/index.js';

interface Region {
  readonly offset: number;
  readonly bytes: number;
}

/**
 * The masks of a model's random layers, drawn on this thread: a pure function of key, layer, rate and size. Each layer
 * has a place of its own, as large as the largest of its masks so far.
 */
export class Masks {
  readonly #memory: ThreadMemory;
  readonly #write: MaskWriter;
  readonly #regions = new Map<string, Region>();

  constructor(memory: ThreadMemory) {
    this.#memory = memory;
    this.#write = openMaskWriter(memory.memory, memory.allocate(maskStateBytes));
  }

  /** Where a layer's mask of `count` bytes is written; `place` names the layer and the kind of mask. */
  view(place: string, count: number): Uint8Array<SharedArrayBuffer> {
    let region = this.#regions.get(place);
    if (region === undefined || region.bytes < count) {
      region = { offset: this.#memory.allocate(count), bytes: count };
      this.#regions.set(place, region);
    }
    return new Uint8Array(this.#memory.buffer, region.offset, count);
  }

  /** Draws a mask into a view: 1 with probability 1 - rate, else 0. */
  draw(view: Uint8Array<SharedArrayBuffer>, rate: number, [first, second]: MaskKey, layer: number): void {
    this.#write(view.byteOffset, view.length, rate, [first, second + layer]);
  }
}
