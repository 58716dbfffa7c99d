import { slotAlignment, type ThreadMemory } from '../memory/index.js';
import type { Native, TensorId } from '../native/index.js';

type View = Uint8Array<SharedArrayBuffer> | Int32Array<SharedArrayBuffer> | Float32Array<SharedArrayBuffer>;

/** A tensor to feed. */
export interface Fed {
  readonly id: TensorId;
  /** Brings the view's present content to where TensorFlow reads, when that is not the view itself. */
  readonly refresh?: () => void;
}

/**
 * Tensors over shared memory, made once and fed again and again. TensorFlow wraps memory without a copy only when it
 * starts at a multiple of 64 bytes; a view that does not is copied at every feed into memory of this thread that does.
 */
export class Feeds {
  readonly #native: Native;
  readonly #memory: ThreadMemory;
  readonly #fed = new Map<string, Fed>();
  readonly #staging = new Map<string, View>();

  /** @param memory of this thread, for what is not aligned. */
  constructor(native: Native, memory: ThreadMemory) {
    this.#native = native;
    this.#memory = memory;
  }

  /** The tensor for a view of the arena, made when first asked for. */
  feed(view: View, shape: readonly number[]): Fed {
    return this.#once(viewKey('arena', view, shape), () =>
      view.byteOffset % slotAlignment === 0 ? { id: this.#native.wrap(view, shape) } : this.#staged(view, shape),
    );
  }

  /** The tensor for a view of this thread's own memory; `refresh` writes what it is to hold, before every run. */
  own(view: View, shape: readonly number[], refresh?: () => void): Fed {
    return this.#once(viewKey('own', view, shape), () => {
      const id = this.#native.wrap(view, shape);
      return refresh === undefined ? { id } : { id, refresh };
    });
  }

  /** Releases every tensor. */
  clear(): void {
    for (const { id } of this.#fed.values()) this.#native.release(id);
    this.#fed.clear();
  }

  #once(key: string, make: () => Fed): Fed {
    let fed = this.#fed.get(key);
    if (fed === undefined) {
      fed = make();
      this.#fed.set(key, fed);
    }
    return fed;
  }

  #staged(view: View, shape: readonly number[]): Fed {
    const key = viewKey('arena', view, [view.length]);
    let staging = this.#staging.get(key);
    if (staging === undefined) {
      const make = view.constructor as new (buffer: ArrayBufferLike, offset: number, length: number) => View;
      const offset = this.#memory.allocate(view.byteLength);
      staging = new make(this.#memory.buffer, offset, view.length);
      this.#staging.set(key, staging);
    }
    const aligned = staging as Uint8Array;
    return { id: this.#native.wrap(staging, shape), refresh: () => aligned.set(view as Uint8Array) };
  }
}

function viewKey(memory: 'arena' | 'own', view: View, shape: readonly number[]): string {
  return `${memory}:${view.BYTES_PER_ELEMENT}:${view.byteOffset}:${shape.join('x')}`;
}

/**
 * Looks whether memory really is shared with TensorFlow in both directions: a change after wrapping must be seen by an
 * op, and an op that writes in place must be seen here.
 */
export function memoryIsShared(native: Native): boolean {
  const { buffer } = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const view = new Float32Array(buffer as unknown as SharedArrayBuffer, 0, 16);
  const made: TensorId[] = [];
  const keep = (id: TensorId): TensorId => {
    made.push(id);
    return id;
  };
  const float32 = { name: 'T', kind: 'type', value: 'float32' } as const;
  try {
    const slot = keep(native.wrap(view, [1, 16]));
    view[3] = 5;
    const seen = keep(native.execute('Identity', [float32], [slot], 1)[0] as TensorId);
    if ((native.read(seen) as Float32Array)[3] !== 5) return false;
    const row = keep(native.wrap(Int32Array.of(0), [1]));
    const value = keep(native.wrap(new Float32Array(16).fill(7), [1, 16]));
    keep(native.execute('InplaceUpdate', [float32], [slot, row, value], 1)[0] as TensorId);
    return view.every((element) => element === 7);
  } catch {
    // A TensorFlow build without the op: copies are always right.
    return false;
  } finally {
    for (const id of made) native.release(id);
  }
}
