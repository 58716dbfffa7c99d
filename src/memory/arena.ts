import { ConvoyError } from '../base/errors.js';

/** Every slot starts at a multiple of this: TensorFlow wraps memory so aligned without a copy, and it is a cache line. */
export const slotAlignment = 64;

const wasmPageBytes = 65_536;
const wasmMaximumPages = 65_536; // 4 GiB, the limit of 32-bit WebAssembly memories

/** Element types a slot can have. */
export type SlotType = 'float32' | 'int32' | 'uint8';

/** A named, aligned piece of the arena; plain data, so it can be sent to any thread. */
export interface Slot {
  readonly name: string;
  readonly type: SlotType;
  /** From the start of the arena, a multiple of 64. */
  readonly byteOffset: number;
  /** In elements. */
  readonly length: number;
}

const bytesPerElement: Readonly<Record<SlotType, number>> = { float32: 4, int32: 4, uint8: 1 };

/** Rounds up to the slot alignment. */
export function alignUp(bytes: number): number {
  return Math.ceil(bytes / slotAlignment) * slotAlignment;
}

/**
 * Plans slots one behind the other; `create` then makes the memory. Planning first means that the arena is one
 * allocation of the exact size.
 */
export class ArenaPlan {
  #bytes = 0;
  readonly #slots: Slot[] = [];

  /** Adds a slot of `length` elements and returns it. */
  add(name: string, type: SlotType, length: number): Slot {
    const slot: Slot = { name, type, byteOffset: this.#bytes, length };
    this.#bytes = alignUp(this.#bytes + Math.max(1, length) * bytesPerElement[type]);
    this.#slots.push(slot);
    return slot;
  }

  /** Bytes planned so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Allocates the arena, all zeros.
   *
   * @throws ConvoyError `CONVOY_MEMORY` when the plan passes 4 GiB or the system refuses.
   */
  create(): Arena {
    const pages = Math.max(1, Math.ceil(this.#bytes / wasmPageBytes));
    if (pages > wasmMaximumPages) {
      throw new ConvoyError(
        'CONVOY_MEMORY',
        `Expected at most 4096 MiB of shared memory but the model, its shards and batch slots need ` +
          `${Math.ceil(this.#bytes / 2 ** 20)} MiB; use fewer --shards, smaller images (--image-size), a smaller --batch-size or a narrower model`,
      );
    }
    try {
      return new Arena(new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true }), this.#slots);
    } catch (error) {
      throw new ConvoyError(
        'CONVOY_MEMORY',
        `Expected ${Math.ceil(this.#bytes / 2 ** 20)} MiB of shared memory but the system refused it`,
        {},
        error,
      );
    }
  }
}

/** What another thread needs to open the same arena. */
export interface ArenaHandle {
  readonly memory: WebAssembly.Memory;
  readonly slots: readonly Slot[];
}

/**
 * Shared memory of a run: one `WebAssembly.Memory`, whose buffer is a SharedArrayBuffer that starts on a page
 * boundary, cut into slots that start at multiples of 64 bytes.
 */
export class Arena {
  readonly memory: WebAssembly.Memory;
  readonly #slots: ReadonlyMap<string, Slot>;

  constructor(memory: WebAssembly.Memory, slots: readonly Slot[]) {
    this.memory = memory;
    this.#slots = new Map(slots.map((slot) => [slot.name, slot]));
  }

  /** Opens an arena made by another thread. */
  static open(handle: ArenaHandle): Arena {
    return new Arena(handle.memory, handle.slots);
  }

  /** What another thread needs to open this arena. */
  get handle(): ArenaHandle {
    return { memory: this.memory, slots: [...this.#slots.values()] };
  }

  /** The underlying shared buffer. */
  get buffer(): SharedArrayBuffer {
    return this.memory.buffer as unknown as SharedArrayBuffer;
  }

  /** The slot called `name`. */
  slot(name: string): Slot {
    const slot = this.#slots.get(name);
    if (slot === undefined) throw new RangeError(`no slot ${name} in the arena`);
    return slot;
  }

  /** A Float32Array over `length` elements of a float32 slot, from element `start`. */
  float32(slot: Slot, start = 0, length = slot.length - start): Float32Array<SharedArrayBuffer> {
    return new Float32Array(this.buffer, slot.byteOffset + start * 4, length);
  }

  /** An Int32Array over `length` elements of an int32 slot, from element `start`. */
  int32(slot: Slot, start = 0, length = slot.length - start): Int32Array<SharedArrayBuffer> {
    return new Int32Array(this.buffer, slot.byteOffset + start * 4, length);
  }

  /** A Uint8Array over `length` elements of a uint8 slot, from element `start`. */
  uint8(slot: Slot, start = 0, length = slot.length - start): Uint8Array<SharedArrayBuffer> {
    return new Uint8Array(this.buffer, slot.byteOffset + start, length);
  }
}
