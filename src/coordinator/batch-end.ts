import { stats, statsLength } from '../contracts/index.js';

import { type Arena, type RunLayout, slotNames } from '../memory/index.js';
import type { StepArguments } from '../optimizers/index.js';

/** Sums over samples; kept in float64, added in shard order. */
export interface Sums {
  readonly lossSum: number;
  readonly weightSum: number;
  readonly correct: number;
  readonly count: number;
  readonly regularization: number;
}

/** A shard of a batch, and how many of the batch's samples it has. */
export interface ShardCount {
  readonly shard: number;
  readonly count: number;
}

/** How shards' gradients, and what has been accumulated before, become one gradient. */
export type Mixture = Required<Pick<StepArguments, 'coefficients' | 'carry'>>;

/**
 * What ends a batch once all its shards have their gradients: what the shards' statistics say of it, and what they leave
 * for all. Any thread can do it, to the same bits.
 */
export class BatchEnd {
  constructor(
    private readonly arena: Arena,
    private readonly layout: RunLayout,
  ) {}

  /** Adds up the statistics lines of some shards of a slot, in the given order. */
  sums(slot: number, shards: readonly Pick<ShardCount, 'shard'>[]): Sums {
    const total = { lossSum: 0, weightSum: 0, correct: 0, count: 0, regularization: 0 };
    for (const { shard } of shards) {
      const line = this.#line(slot, shard);
      total.lossSum += line[stats.lossSum] as number;
      total.weightSum += line[stats.weightSum] as number;
      total.correct += line[stats.correct] as number;
      total.count += line[stats.count] as number;
      total.regularization = line[stats.regularization] as number;
    }
    return total;
  }

  /** What each shard's gradient counts by its sample weights, and what the `accumulated` weight before them does. */
  mixture(slot: number, shards: readonly ShardCount[], accumulated: number): Mixture {
    const total = accumulated + this.sums(slot, shards).weightSum;
    const coefficients = new Array<number>(this.layout.shards).fill(0);
    for (const { shard } of shards) {
      // Shares of nothing: where all samples weigh 0, shards count alike, since each has the regularization's gradient.
      coefficients[shard] =
        total === 0 ? 1 / shards.length : (this.#line(slot, shard)[stats.weightSum] as number) / total;
    }
    return { coefficients, carry: total === 0 ? 0 : accumulated / total };
  }

  /** Renews the moving statistics, and says what each row of the factors counts. */
  close(shards: readonly ShardCount[], { coefficients }: Mixture): void {
    this.#averageMoving(shards);
    this.#shareRows(shards, coefficients);
  }

  /** The first moving statistic that is not finite: of activations that are not. */
  notFiniteMoving(): string | undefined {
    const { arena, layout } = this;
    if (layout.movingLength === 0) return undefined;
    const moving = arena.float32(arena.slot(slotNames.weights), layout.trainableLength, layout.movingLength);
    let sum = 0;
    for (let i = 0; i < moving.length; i++) sum += 0 * (moving[i] as number); // NaN where one is not finite
    if (sum === 0) return undefined;
    const bad = layout.trainableLength + moving.findIndex((value) => !Number.isFinite(value));
    return layout.parameters.find(({ offset, length }) => bad >= offset && bad < offset + length)?.name;
  }

  #line(slot: number, shard: number): Float32Array {
    const { arena, layout } = this;
    return arena.float32(arena.slot(slotNames.stats), (slot * layout.shards + shard) * statsLength, statsLength);
  }

  /** New moving statistics: the mean of the shards' ones by sample count, in shard order. */
  #averageMoving(shards: readonly ShardCount[]): void {
    const { arena, layout } = this;
    if (layout.movingLength === 0) return;
    const count = shards.reduce((sum, shard) => sum + shard.count, 0);
    const moving = arena.float32(arena.slot(slotNames.weights), layout.trainableLength, layout.movingLength);
    const sources = shards.map((shard) => ({
      values: arena.float32(arena.slot(slotNames.moving(shard.shard))),
      share: shard.count / count,
    }));
    for (let i = 0; i < moving.length; i++) {
      let mean = 0;
      for (const { values, share } of sources) mean += share * (values[i] as number);
      moving[i] = mean;
    }
  }

  /** What each row of the factors counts: what its shard does, rows without a sample nothing. */
  #shareRows(shards: readonly ShardCount[], coefficients: readonly number[]): void {
    const { arena, layout } = this;
    if (layout.factors.length === 0) return;
    const shares = arena.float32(arena.slot(slotNames.rowShares)).fill(0);
    for (const { shard, count } of shards) {
      const begin = shard * layout.shardRows;
      shares.fill(coefficients[shard] as number, begin, begin + count);
    }
  }
}

/** Whether a batch may move the weights. */
export function isFiniteLoss({ lossSum, regularization }: Sums): boolean {
  return Number.isFinite(lossSum) && Number.isFinite(regularization);
}
