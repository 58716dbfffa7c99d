import { accumulateInSlices, type SliceOptions, stepInSlices } from './all-reduce.js';
import { shards as cutShards } from './data/index.js';
import { stats } from './engine/index.js';
import { ConvoyError } from './errors.js';
import { type Arena, type RunLayout, slotNames, statsLength } from './memory/index.js';
import type { StepArguments, StepKernel, StepSeconds } from './optimizers/index.js';
import type { DoneReply, GradientPool } from './pool.js';

/** Below this many floats to read (parameters times shards) a step alone is quicker than handing slices out. */
const parallelStepFloats = 2_000_000;

/** Sums over samples; kept in float64, added in shard order. */
export interface Sums {
  readonly lossSum: number;
  readonly weightSum: number;
  readonly correct: number;
  readonly count: number;
  readonly regularization: number;
}

/** Which samples of a slot, and when. */
export interface StepBatch {
  readonly slot: number;
  readonly count: number;
}

export interface StepOutcome {
  readonly sums: Sums;
  /** Who computed which shard, and when. */
  readonly replies: readonly DoneReply[];
  /** Seconds by phase. */
  readonly gradients: number;
  /** Gradients computed for all shards at once (see `RunLayout.factors`). */
  readonly products: number;
  readonly allReduce: number;
  readonly optimizer: number;
}

/** How the gradients of a batch are used. */
export interface StepPlan {
  /** Batches since the start of training, from 0: keys dropout. */
  readonly batch: number;
  /** Optimizer steps done, from 0. */
  readonly step: number;
  readonly learningRate: number;
  /** Instead of the optimizer's own. */
  readonly momentum?: number | undefined;
  /** Samples already in the accumulated gradient: 0 when this batch begins a step. */
  readonly accumulated: number;
  /** Whether the optimizer steps after this batch. */
  readonly update: boolean;
}

/** How many slices a large step is cut into, and whether one of them is this thread's. */
export interface SliceCount {
  readonly count: number;
  readonly here: boolean;
}

/** What suits a pool: this thread does a slice too, but where gradients are products, which only workers can compute. */
export function sliceCount(layout: RunLayout, workers: number, cores: number): SliceCount {
  const here = layout.factors.length === 0;
  return { count: Math.max(1, Math.min(here ? workers + 1 : workers, cores)), here };
}

export interface CoordinatorOptions {
  readonly arena: Arena;
  readonly layout: RunLayout;
  readonly pool: GradientPool;
  readonly kernel: StepKernel;
  /** Into how many slices a large step is cut. */
  readonly slices: SliceCount;
}

/**
 * One training step, all workers in lockstep: each shard's gradient, then the all-reduce and the optimizer step in
 * shard order, weighted by the shards' sample weights. Large steps are cut into slices that the pool does in parallel;
 * elementwise work in fixed blocks, so the bits are the same.
 */
export class Coordinator {
  readonly #options: CoordinatorOptions;
  readonly #parallel: boolean;

  constructor(options: CoordinatorOptions) {
    this.#options = options;
    const { layout, slices } = options;
    const large = layout.trainableLength * layout.shards >= parallelStepFloats;
    this.#parallel = !slices.here || (slices.count > 1 && large);
  }

  /**
   * Computes a batch's gradients and, when the plan says so, steps the optimizer.
   *
   * @param meanwhile called on this thread while the workers compute.
   * @throws ConvoyError `CONVOY_DIVERGED` when the loss is not finite; weights are then those before the step.
   */
  async step(batch: StepBatch, plan: StepPlan, meanwhile?: () => void): Promise<StepOutcome> {
    const { pool, layout } = this.#options;
    const started = performance.now();
    const tasks = this.#tasks(batch, plan.batch);
    const running = tasks.map((task) => pool.run({ kind: 'gradients', task }));
    meanwhile?.();
    const replies = await Promise.all(running);
    const gradients = (performance.now() - started) / 1000;

    const sums = this.sums(batch.slot, tasks.map((task) => task.shard));
    if (!Number.isFinite(sums.lossSum) || !Number.isFinite(sums.regularization)) {
      throw new ConvoyError('CONVOY_DIVERGED', `Expected a finite loss but found ${sums.lossSum} in step ${plan.step + 1}`, {
        place: `step ${plan.step + 1}`,
      });
    }
    const total = plan.accumulated + sums.weightSum;
    // Shares of nothing: where all samples weigh 0, shards count alike, since each has the regularization's gradient.
    const share = (shard: number): number =>
      total === 0 ? 1 / tasks.length : (this.#line(batch.slot, shard)[stats.weightSum] as number) / total;
    const coefficients = Array.from({ length: layout.shards }, (_, shard) => (shard < tasks.length ? share(shard) : 0));
    const carry = total === 0 ? 0 : plan.accumulated / total;
    this.#averageMoving(tasks);
    this.#shareRows(tasks, coefficients);
    const seconds = plan.update
      ? await this.#update({ step: plan.step + 1, learningRate: plan.learningRate, momentum: plan.momentum, coefficients, carry })
      : await this.#accumulate({ coefficients, carry });
    return { sums, replies, gradients, ...seconds };
  }

  /** Inference over a batch: outputs into the slot, sums returned. */
  async evaluate(batch: StepBatch): Promise<Sums> {
    const tasks = this.#tasks(batch, 0);
    await Promise.all(tasks.map((task) => this.#options.pool.run({ kind: 'evaluate', task })));
    return this.sums(batch.slot, tasks.map((task) => task.shard));
  }

  /** What a frozen base makes of a batch, into the slot's features. */
  async features(batch: StepBatch): Promise<void> {
    await Promise.all(this.#tasks(batch, 0).map((task) => this.#options.pool.run({ kind: 'features', task })));
  }

  /** Adds up the statistics lines of some shards of a slot, in the given order. */
  sums(slot: number, shards: readonly number[]): Sums {
    const total = { lossSum: 0, weightSum: 0, correct: 0, count: 0, regularization: 0 };
    for (const shard of shards) {
      const line = this.#line(slot, shard);
      total.lossSum += line[stats.lossSum] as number;
      total.weightSum += line[stats.weightSum] as number;
      total.correct += line[stats.correct] as number;
      total.count += line[stats.count] as number;
      total.regularization = line[stats.regularization] as number;
    }
    return total;
  }

  /** Tasks of the shards that have samples: of a last, smaller batch some may have none. */
  #tasks({ slot, count }: StepBatch, step: number) {
    return cutShards(count, this.#options.layout.shards)
      .map(({ begin, end }, shard) => ({ step, shard, slot, begin, count: end - begin }))
      .filter((task) => task.count > 0);
  }

  #line(slot: number, shard: number): Float32Array {
    const { arena, layout } = this.#options;
    return arena.float32(arena.slot(slotNames.stats), (slot * layout.shards + shard) * statsLength, statsLength);
  }

  /** New moving statistics: the mean of the shards' ones by sample count, in shard order. */
  #averageMoving(tasks: readonly { readonly shard: number; readonly count: number }[]): void {
    const { arena, layout } = this.#options;
    if (layout.movingLength === 0) return;
    const count = tasks.reduce((sum, task) => sum + task.count, 0);
    const moving = arena.float32(arena.slot(slotNames.weights), layout.trainableLength, layout.movingLength);
    const sources = tasks.map((task) => ({
      values: arena.float32(arena.slot(slotNames.moving(task.shard))),
      share: task.count / count,
    }));
    for (let i = 0; i < moving.length; i++) {
      let mean = 0;
      for (const { values, share } of sources) mean += share * (values[i] as number);
      moving[i] = mean;
    }
  }

  /** What each row of the factors counts: what its shard does, rows without a sample nothing. */
  #shareRows(tasks: readonly { readonly shard: number; readonly count: number }[], coefficients: readonly number[]): void {
    const { arena, layout } = this.#options;
    if (layout.factors.length === 0) return;
    const shares = arena.float32(arena.slot(slotNames.rowShares)).fill(0);
    for (const { shard, count } of tasks) {
      const begin = shard * layout.shardRows;
      shares.fill(coefficients[shard] as number, begin, begin + count);
    }
  }

  async #accumulate(args: Pick<StepArguments, 'coefficients' | 'carry'>): Promise<StepSeconds> {
    const { kernel } = this.#options;
    if (!this.#parallel) return kernel.accumulate(args);
    return this.#timed(() => accumulateInSlices(kernel, args, this.#slices()));
  }

  async #update(args: StepArguments): Promise<StepSeconds> {
    const { kernel } = this.#options;
    if (!this.#parallel) return kernel.run(args).seconds;
    return this.#timed(async () => (await stepInSlices(kernel, args, this.#slices())).seconds);
  }

  /** The wall time of slices, hand-over included, divided between the phases as the slowest slice's own time was. */
  async #timed(run: () => Promise<StepSeconds>): Promise<StepSeconds> {
    const started = performance.now();
    const { products, allReduce, optimizer } = await run();
    const wall = (performance.now() - started) / 1000;
    // Hand-over counts with the all-reduce and the optimizer, not as computing gradients.
    const stepping = wall - products;
    const share = allReduce / (allReduce + optimizer);
    return { products, allReduce: stepping * share, optimizer: stepping * (1 - share) };
  }

  /** A slice done on this thread has scratch block 0; those sent at one time have one each. */
  #slices(): SliceOptions {
    const { pool, slices: { count, here } } = this.#options;
    const own = here ? 1 : 0;
    let sent = 0;
    return {
      slices: count,
      here,
      send: async (slice) => {
        const scratch = own + (sent++ % (count - own));
        const { result } = await pool.run({ kind: 'step', slice, scratch });
        if (result === undefined) throw new TypeError('a step slice came back without its result');
        return result;
      },
    };
  }
}
