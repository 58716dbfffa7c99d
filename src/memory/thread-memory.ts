import { alignUp } from './arena.js';

const pageBytes = 65_536;
const maximumPages = 65_536; // 4 GiB, the limit of 32-bit WebAssembly memories; reserved as addresses only

/**
 * Memory of one thread that TensorFlow wraps without a copy and WebAssembly kernels can write: grows as it is asked for,
 * and never moves. What is handed out stays handed out until the whole is dropped.
 */
export class ThreadMemory {
  readonly memory = new WebAssembly.Memory({ initial: 1, maximum: maximumPages, shared: true });
  #used = 0;

  /** The offset of `bytes` new bytes, all 0, at a multiple of 64. */
  allocate(bytes: number): number {
    const offset = this.#used;
    this.#used = alignUp(offset + Math.max(1, bytes));
    const missing = Math.ceil((this.#used - this.buffer.byteLength) / pageBytes);
    if (missing > 0) this.memory.grow(missing);
    return offset;
  }

  /** The memory as it is now; earlier buffers show its first part. */
  get buffer(): SharedArrayBuffer {
    return this.memory.buffer as unknown as SharedArrayBuffer;
  }
}
