import type { BatchRequest, BatchStage } from '../contracts/index.js';
import { epochOrder } from '../data/index.js';
import type { BatchShare } from './batch-share.js';
import type { Meanwhile } from './coordinator.js';

/** A batch that lies ready in a slot. */
export interface ReadyBatch {
  readonly slot: number;
  /** Samples of the batch, at most the batch size; the slot has those of the own shards. */
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
  /** Which samples of a batch are put into its slot; all by default. */
  readonly share?: Pick<BatchShare, 'samples'> | undefined;
  /** True when the stage knows of the epoch. */
  readonly announced?: boolean;
  /** Called once, when the last batch has been given to the stage. */
  readonly onLast?: () => void;
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
    if (options.announced !== true) options.stage.begin(options.epoch, options.order, this.#position);
  }

  /** Gives every free slot to the stage. Cheap to call often; best called while the workers compute. */
  prefetch(): void {
    const { epoch, order, batchSize, onLast } = this.#options;
    while (this.#free.length > 0 && this.#position < order.length) {
      const slot = this.#free.shift() as number;
      const position = this.#position;
      const samples = order.subarray(position, Math.min(position + batchSize, order.length));
      this.#position += samples.length;
      const filled = this.#fill({ epoch, position, samples, slot });
      // A failure is met where the batch is taken; until then it must not count as unhandled.
      filled.catch(() => undefined);
      this.#pending.push({ batch: { slot, count: samples.length, position }, filled });
      if (this.#position >= order.length) onLast?.();
    }
  }

  /** Has the stage fill a slot with the own samples of a batch. */
  async #fill({ position, samples, ...request }: BatchRequest): Promise<void> {
    const { stage, share } = this.#options;
    const { begin, end } = share?.samples(samples.length) ?? { begin: 0, end: samples.length };
    if (begin === end) return;
    await stage.fill({ ...request, position: position + begin, samples: samples.subarray(begin, end) });
  }

  /** Samples of the epoch. */
  get samples(): number {
    return this.#options.order.length;
  }

  /** For `Coordinator.step`: a stage with threads of its own is given slots early, what this thread must do itself waits. */
  get meanwhile(): Meanwhile {
    return { late: this.#options.stage.immediate === true, run: () => this.prefetch() };
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

/** What of a runtime feeding needs. */
export interface EpochSource {
  readonly stage: BatchStage;
  readonly trainSlots: readonly number[];
  readonly coordinator?: { readonly share: BatchShare };
  readonly config: { readonly seed: number; readonly batchSize: number };
  readonly datasets: { readonly train: { readonly count: number } };
  /** The samples of an epoch in their order; default: all of them, shuffled by the seed. */
  readonly order?: ((epoch: number) => Uint32Array) | undefined;
}

/**
 * Feeds epoch after epoch. The stage hears of the next one when the last batch of this one has been given to it, so its
 * first windows are made while this epoch ends and is evaluated; its buffers bound how far that goes.
 */
export class EpochFeeds {
  readonly #source: EpochSource;
  readonly #wholeBatches: boolean;
  #announced: { readonly epoch: number; readonly order: Uint32Array } | undefined;

  /** @param options.wholeBatches leaves out the last samples of an epoch where they are fewer than a batch. */
  constructor(source: EpochSource, { wholeBatches = false }: { readonly wholeBatches?: boolean } = {}) {
    this.#source = source;
    this.#wholeBatches = wholeBatches;
  }

  /** Opens `epoch` at position `from`; epochs before `end` are announced ahead of their turn. */
  open(epoch: number, from: number, end: number): BatchFeeder {
    const { stage, trainSlots: slots, config, coordinator } = this.#source;
    const known = this.#announced?.epoch === epoch ? this.#announced.order : undefined;
    return new BatchFeeder({
      stage,
      epoch,
      order: known ?? this.#order(epoch),
      batchSize: config.batchSize,
      from,
      slots,
      share: coordinator?.share,
      announced: known !== undefined,
      onLast: () => this.#announce(epoch + 1, end),
    });
  }

  #announce(epoch: number, end: number): void {
    if (epoch >= end) return;
    const order = this.#order(epoch);
    this.#source.stage.begin(epoch, order, 0);
    this.#announced = { epoch, order };
  }

  #order(epoch: number): Uint32Array {
    const { config, datasets, order: own } = this.#source;
    const { count } = datasets.train;
    const order = own?.(epoch) ?? epochOrder(config.seed, epoch, count);
    return this.#wholeBatches ? order.subarray(0, count - (count % config.batchSize)) : order;
  }
}
