/**
 * The augmentation stage: windows of the epoch's order are made ahead of training by a pool of threads, into a ring of
 * shared buffers; a batch is then one or two copies.
 *
 * Back-pressure both ways: a window is started only when a buffer is free, a buffer is free once its last sample has
 * been copied to a batch, and `fill` waits for its windows.
 */
import { availableParallelism } from 'node:os';
import type { Patience } from '../../src/base/answer-watch.js';
import { ConvoyError, valueError } from '../../src/base/errors.js';
import {
  type BatchRequest,
  type BatchSlot,
  type BatchStage,
  type Dataset,
  imageBytes,
} from '../../src/contracts/index.js';
import { measureThread, workersFor } from './auto.js';
import type { AugmentStage, AugmentStageOptions, CountSamples } from './contract.js';
import { AugmentPool } from './pool.js';
import { gatherTargets, slotOf } from './targets.js';
import { bufferBytes, copyToSlot, createWindowBuffer, type WindowBuffer } from './window-buffer.js';
import { windowSizes } from './windows.js';

/** One window under way or ready. */
interface PendingWindow {
  readonly entry: Epoch;
  readonly window: number;
  readonly buffer: number;
  readonly ready: Promise<void>;
  /** Position behind its last sample. */
  readonly end: number;
  /** Samples that have not been copied to a batch. */
  left: number;
}

/** An epoch that has been announced. */
interface Epoch {
  readonly epoch: number;
  readonly order: Uint32Array;
  /** First position that will be asked for. */
  readonly from: number;
  /** Next window to start. */
  next: number;
  /** Fills under way. */
  fills: number;
}

class Stage implements AugmentStage {
  readonly #options: AugmentStageOptions;
  readonly #pool: AugmentPool;
  readonly #workers: number;
  readonly #windowSize: number;
  readonly #buffers: readonly WindowBuffer[];
  readonly #free: number[];
  readonly #windows: PendingWindow[] = [];
  readonly #epochs: Epoch[] = [];
  /** Fills that wait for a window that has not been started. */
  #waiters: (() => void)[] = [];
  /** The last epoch that a batch was asked of. */
  #asked: Epoch | undefined;
  #images = 0;
  #busySeconds = 0;
  #closed = false;

  constructor(options: AugmentStageOptions, pool: AugmentPool, workers: number) {
    this.#options = options;
    this.#pool = pool;
    this.#workers = workers;
    const { dataset, batchSize } = options;
    this.#windowSize = windowSizes(dataset, options.transforms).windowSize;
    const samples = Math.min(this.#windowSize, Math.max(1, dataset.count));
    // One window is being copied out, one is ready, and each thread makes one; small windows: enough for two batches.
    const count = Math.max(workers + 2, Math.ceil((2 * batchSize) / this.#windowSize) + workers);
    this.#buffers = Array.from({ length: count }, () => createWindowBuffer(dataset, samples));
    this.#free = this.#buffers.map((_, index) => index);
  }

  begin(epoch: number, order: Uint32Array, from: number): void {
    if (this.#epochs.some((entry) => entry.epoch >= epoch)) {
      throw valueError('epoch', 'an epoch later than those that have begun', epoch);
    }
    this.#epochs.push({ epoch, order, from, next: Math.floor(from / this.#windowSize), fills: 0 });
    this.#start();
  }

  /** Starts windows in order while buffers are free. */
  #start(): void {
    if (this.#closed) return;
    for (const entry of this.#epochs) {
      while (entry.next * this.#windowSize < entry.order.length) {
        const begin = entry.next * this.#windowSize;
        const end = Math.min(entry.order.length, begin + this.#windowSize);
        const left = this.#counted(entry.order.length, Math.max(begin, entry.from), end);
        if (left === 0) {
          entry.next++;
          continue;
        }
        const buffer = this.#free.shift();
        if (buffer === undefined) return;
        const window = entry.next++;
        const ready = this.#render(entry.epoch, window, entry.order.slice(begin, end), buffer);
        ready.catch(() => undefined); // thrown where it is waited for
        this.#windows.push({ entry, window, buffer, ready, end, left });
      }
    }
  }

  /** A window has all its samples drawn, since their pixels depend on their neighbours in it, if any is asked for. */
  #counted(samples: number, from: number, until: number): number {
    return this.#options.counted?.(samples, from, until) ?? until - from;
  }

  async #render(epoch: number, window: number, samples: Uint32Array, buffer: number): Promise<void> {
    const reply = await this.#pool.run({ kind: 'render', epoch, window, samples, ...this.#buffer(buffer) });
    this.#images += samples.length;
    if (reply.kind === 'rendered') this.#busySeconds += reply.seconds;
  }

  async fill(request: BatchRequest): Promise<void> {
    const slot = slotOf(this.#options.slots, request);
    const entry = this.#epochs.find(({ epoch }) => epoch === request.epoch);
    if (entry === undefined) throw valueError('request.epoch', 'an epoch that has begun', request.epoch);
    entry.fills++;
    this.#abandonBefore(entry);
    try {
      await this.#copy(entry, request, slot);
    } finally {
      entry.fills--;
      this.#abandonBefore(this.#asked);
    }
    // Masks and boxes have moved with their images.
    const { dataset } = this.#options;
    if (!['masks', 'boxes'].includes(dataset.targets.kind)) gatherTargets(dataset, request.samples, slot);
  }

  /** A window that failed is taken like any other, so that fills after this one find buffers; its error is thrown at the end. */
  async #copy(entry: Epoch, request: BatchRequest, slot: BatchSlot): Promise<void> {
    const { dataset } = this.#options;
    const stop = request.position + request.samples.length;
    const failures: unknown[] = [];
    for (let position = request.position; position < stop; ) {
      const window = Math.floor(position / this.#windowSize);
      const pending = await this.#pending(entry, window);
      const start = window * this.#windowSize;
      const end = Math.min(stop, pending.end);
      await pending.ready.then(
        () => {
          const span = { begin: position - start, end: end - start, to: position - request.position };
          copyToSlot(dataset, this.#buffer(pending.buffer), slot, span);
        },
        (error: unknown) => failures.push(error),
      );
      pending.left -= end - position;
      position = end;
      if (pending.left <= 0) this.#release(pending);
    }
    if (failures.length > 0) throw failures[0];
  }

  /** The window, once it has been started. */
  async #pending(entry: Epoch, window: number): Promise<PendingWindow> {
    for (;;) {
      if (this.#closed) throw new ConvoyError('CONVOY_ABORTED', 'The augmentation stage was closed');
      const found = this.#windows.find((pending) => pending.entry === entry && pending.window === window);
      if (found !== undefined) return found;
      if (window < entry.next || window * this.#windowSize >= entry.order.length) {
        throw valueError(
          'request.position',
          'samples of the epoch that have not been asked for',
          window * this.#windowSize,
        );
      }
      await new Promise<void>((resolve) => this.#waiters.push(resolve));
    }
  }

  /** Frees a window's buffer, and starts the next window in it. */
  #release(pending: PendingWindow): void {
    this.#windows.splice(this.#windows.indexOf(pending), 1);
    this.#free.push(pending.buffer);
    this.#start();
    this.#wake();
  }

  /**
   * A batch of an epoch means that no more of earlier ones will be asked for: gives up what is left of those, once
   * their last fill is done (a run that stops an epoch early leaves such).
   */
  #abandonBefore(asked: Epoch | undefined): void {
    if (asked === undefined) return;
    this.#asked = asked;
    while (this.#epochs[0] !== undefined && this.#epochs[0].epoch < asked.epoch && this.#epochs[0].fills === 0) {
      const [entry] = this.#epochs.splice(0, 1);
      for (const pending of this.#windows.filter((other) => other.entry === entry)) {
        const release = (): void => this.#release(pending);
        pending.ready.then(release, release);
      }
    }
  }

  #wake(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }

  #buffer(index: number): WindowBuffer {
    const buffer = this.#buffers[index];
    if (buffer === undefined) throw new RangeError(`no buffer ${index} in the ring`);
    return buffer;
  }

  stats(): ReturnType<AugmentStage['stats']> {
    return {
      workers: this.#workers,
      images: this.#images,
      busySeconds: this.#busySeconds,
      imagesPerSecond: this.#busySeconds > 0 ? this.#images / this.#busySeconds : 0,
      windowSize: this.#windowSize,
      bytes: this.#buffers.reduce((sum, buffer) => sum + bufferBytes(buffer), 0),
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#wake();
    await this.#pool.close();
  }
}

/**
 * Starts a stage. Its pixels are a function of the transforms, the image shape, the seed, the epoch and the place in the
 * epoch's order; batch size, threads and time change nothing.
 *
 * Datasets of files are decoded here too, also without transforms: the largest central part of each image is resized to
 * the dataset's shape.
 *
 * @throws ConvoyError `CONVOY_OPTION` for a wrong number of workers.
 */
export async function createAugmentStage(options: AugmentStageOptions): Promise<AugmentStage> {
  const { dataset, transforms, seed, workers, patience } = options;
  const cores = options.cores ?? availableParallelism();
  if (workers !== 'auto' && !(Number.isInteger(workers) && workers >= 1 && workers <= 256)) {
    throw valueError('augment workers', 'an integer from 1 to 256 or auto', workers);
  }
  const setup = { dataset, transforms, seed };
  if (workers !== 'auto') return new Stage(options, new AugmentPool(setup, workers, patience), workers);
  const single = new AugmentPool(setup, 1, patience);
  if (cores < 4 || dataset.count === 0) return new Stage(options, single, 1);
  try {
    const needed = workersFor(await measureThread(single, dataset, transforms), imageBytes(dataset.shape), cores);
    if (needed === 1) return new Stage(options, single, 1);
    await single.close();
    return new Stage(options, new AugmentPool(setup, needed, patience), needed);
  } catch (error) {
    await single.close();
    throw error;
  }
}

/** A stage that only decodes files. */
export function createDecodeStage(
  dataset: Dataset,
  slots: readonly BatchSlot[],
  workers: number,
  patience?: Patience,
  counted?: CountSamples,
): BatchStage {
  const batchSize = Math.floor(Math.max(...slots.map(({ pixels }) => pixels.length)) / imageBytes(dataset.shape));
  const pool = new AugmentPool({ dataset, transforms: [], seed: 0 }, workers, patience);
  return new Stage({ dataset, slots, transforms: [], seed: 0, workers, batchSize, counted }, pool, workers);
}
