import { ConvoyError } from '../base/errors.js';
import { type Cluster, type GatheredMemory, statsLength, stopAskedPlace } from '../contracts/index.js';
import { shards as cutShards } from '../data/index.js';
import { type Arena, ownShards, type RunLayout, type ShardSpan, slotNames } from '../memory/index.js';
import type { StepKernel } from '../optimizers/index.js';
import type { AgreedStop } from './agreed-stop.js';
import type { Mixture } from './batch-end.js';

/** A training's part in a cluster. */
export interface ClusterRun {
  readonly cluster: Cluster;
  readonly stop: AgreedStop;
}

/** The shards of a rank: neighbours, as many as others have, or one more. */
export function shardsOfRank({ rank, size }: Pick<Cluster, 'rank' | 'size'>, shards: number): ShardSpan {
  return cutShards(shards, size)[rank] ?? { begin: shards, end: shards };
}

export interface CompanionsOptions extends ClusterRun {
  readonly arena: Arena;
  readonly layout: RunLayout;
  readonly kernel: Pick<StepKernel, 'summed'>;
}

/**
 * What a coordinator does with those of other ranks: each has computed its own shards, and all end a batch with the same
 * numbers, those that one process with all shards would have.
 */
export class Companions {
  readonly #options: CompanionsOptions;
  readonly #spans: readonly ShardSpan[];

  constructor(options: CompanionsOptions) {
    this.#options = options;
    const { cluster, layout } = options;
    this.#spans = Array.from({ length: cluster.size }, (_, rank) =>
      shardsOfRank({ rank, size: cluster.size }, layout.shards),
    );
  }

  /** Gives all ranks what each shard of a training batch has left besides its gradient. */
  async gatherBatch(slot: number): Promise<void> {
    const { arena, layout } = this.#options;
    const memories = [this.#statistics(slot)];
    if (layout.movingLength > 0) {
      const { byteOffset } = arena.slot(slotNames.moving(0));
      memories.push(this.#shared(byteOffset, layout.movingLength * 4));
    }
    for (const { index, words, outputs } of layout.factors) {
      const rows = layout.shardRows * 4;
      memories.push(
        this.#shared(arena.slot(slotNames.inputFactors(index)).byteOffset, rows * words),
        this.#shared(arena.slot(slotNames.gradientFactors(index)).byteOffset, rows * outputs),
      );
    }
    await this.#gather(slot, memories);
  }

  /**
   * Gives all ranks the statistics of a batch that was evaluated.
   *
   * @throws ConvoyError `CONVOY_ABORTED`, on all ranks, where one was asked to stop.
   */
  async gatherStatistics(slot: number): Promise<void> {
    const { stop } = this.#options;
    // Ranks may have begun different numbers of batches; after the one at which all stop, none is gathered any more.
    if (!stop.signal.aborted) await this.#gather(slot, [this.#statistics(slot)]);
    if (stop.signal.aborted) throw new ConvoyError('CONVOY_ABORTED', 'Stopped while images were evaluated');
  }

  /** Sums the shards' gradients, and what has been accumulated before, into the reduced gradient of every rank. */
  async sumGradients({ coefficients, carry }: Mixture): Promise<void> {
    const { cluster, arena, layout, kernel } = this.#options;
    const own = ownShards(layout);
    const addresses = coefficients.slice(own.begin, own.end).flatMap((coefficient, index) => {
      return coefficient === 0 ? [] : [arena.slot(slotNames.gradients(own.begin + index)).byteOffset];
    });
    await cluster.sum({
      memory: arena.memory,
      destination: arena.slot(slotNames.reduced).byteOffset,
      ranges: kernel.summed,
      carry,
      addresses,
      coefficients: this.#spans.map(({ begin, end }) => coefficients.slice(begin, end).filter((value) => value !== 0)),
      staging: layout.stagingLength === undefined ? undefined : arena.slot(slotNames.staging).byteOffset,
    });
  }

  /** Whether something is so on all ranks. */
  async everywhere(value: boolean): Promise<boolean> {
    return (await this.#options.cluster.exchange(value)).every(Boolean);
  }

  /** What each rank has computed of rows that all need, such as features; `length` floats a sample. */
  async gatherRows(rows: Float32Array<SharedArrayBuffer>, count: number, length: number): Promise<void> {
    const cut = cutShards(count, this.#options.layout.shards);
    const begins = this.#spans.map(({ begin }) => (cut[begin]?.begin ?? count) * length * 4);
    const bytes = new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength);
    await this.#options.cluster.gather([{ bytes, ends: [...begins, count * length * 4] }]);
  }

  async #gather(slot: number, memories: readonly GatheredMemory[]): Promise<void> {
    const { arena, layout, cluster, stop } = this.#options;
    const lines = arena.float32(
      arena.slot(slotNames.stats),
      slot * layout.shards * statsLength,
      layout.shards * statsLength,
    );
    const own = ownShards(layout);
    for (let shard = own.begin; shard < own.end; shard++) {
      lines[shard * statsLength + stopAskedPlace] = stop.isAsked ? 1 : 0;
    }
    await cluster.gather(memories);
    for (let shard = 0; shard < layout.shards; shard++) {
      if (lines[shard * statsLength + stopAskedPlace] === 1) stop.agree();
    }
  }

  #statistics(slot: number): GatheredMemory {
    const { arena, layout } = this.#options;
    const lineBytes = statsLength * 4;
    return this.#shared(arena.slot(slotNames.stats).byteOffset + slot * layout.shards * lineBytes, lineBytes);
  }

  /** Memory in which shards lie one behind the other. */
  #shared(byteOffset: number, shardBytes: number): GatheredMemory {
    const { arena, layout } = this.#options;
    return {
      bytes: new Uint8Array(arena.buffer, byteOffset, layout.shards * shardBytes),
      ends: [...this.#spans.map(({ begin }) => begin * shardBytes), layout.shards * shardBytes],
    };
  }
}
