import type { BatchStage } from './contracts/index.js';

/** A batch that lies ready in a slot. */
export interface ReadyBatch {
  readonly slot: number;
  /** Samples in the slot, at most the batch size. */
  readonly count: number;
  /** Position of its first sample in the epoch's order. */
  readonly position: number;
}

export interface FeederOptions {
  readonly stage: BatchStage;
  readonly epoch: number;
  /** Sample indices in the order of the epoch. */
  readonly order: Uint32Array;
  readonly batchSize: number;
  /** Position to start from: a multiple of the batch size. */
  readonly from?: number;
  /** Slots of the ring that this feeder may use. */
  readonly slots: readonly number[];
}

/**
 * Keeps a ring of batch slots filled ahead of training: every free slot is given to the stage, batches come out in the
 * order of the epoch. How far the stage runs ahead is bounded by the slots.
 */
export class BatchFeeder {
  readonly #options: FeederOptions;
  readonly #free: number[];
  readonly #pending: { readonly batch: ReadyBatch; readonly filled: Promise<void> }[] = [];
  #position: number;

  constructor(options: FeederOptions) {
    this.#options = options;
    this.#free = [...options.slots];
    this.#position = options.from ?? 0;
    options.stage.begin(options.epoch, options.order, this.#position);
  }

  /** Gives every free slot to the stage. Cheap to call often; best called while the workers compute. */
  prefetch(): void {
    const { stage, epoch, order, batchSize } = this.#options;
    while (this.#free.length > 0 && this.#position < order.length) {
      const slot = this.#free.shift() as number;
      const position = this.#position;
      const samples = order.subarray(position, Math.min(position + batchSize, order.length));
      this.#position += samples.length;
      const filled = stage.fill({ epoch, position, samples, slot });
      // A failure is met where the batch is taken; until then it must not count as unhandled.
      filled.catch(() => undefined);
      this.#pending.push({ batch: { slot, count: samples.length, position }, filled });
    }
  }

  /**
   * The next batch, when it is ready; undefined after the last.
   *
   * @throws ConvoyError what the stage found wrong with a sample.
   */
  async next(): Promise<ReadyBatch | undefined> {
    if (this.#pending.length === 0) this.prefetch();
    const head = this.#pending.shift();
    if (head === undefined) return undefined;
    await head.filled;
    return head.batch;
  }

  /** Gives a slot back once nothing reads it any more. */
  release(batch: ReadyBatch): void {
    this.#free.push(batch.slot);
  }

  /** Waits until the stage writes into none of the slots any more, whatever became of it. */
  async drain(): Promise<void> {
    await Promise.allSettled(this.#pending.map(({ filled }) => filled));
    this.#pending.length = 0;
  }
}
