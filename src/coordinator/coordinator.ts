import { ConvoyError } from '../base/errors.js';
import { shards as cutShards } from '../data/index.js';
import type { ShardTask } from '../engine/index.js';
import { type Arena, ownShards, type RunLayout, slotNames } from '../memory/index.js';
import type { PassResult, StepArguments, StepKernel, StepResult, StepSeconds } from '../optimizers/index.js';
import { accumulateInSlices, type SliceOptions, slowest, stepInSlices } from './all-reduce.js';
import { BatchEnd, isFiniteLoss, type Mixture, type ShardCount, type Sums } from './batch-end.js';
import { BatchShare } from './batch-share.js';
import { type ClusterRun, Companions } from './companions.js';
import type { DoneReply, GradientPool } from './gradient-pool.js';
import type { SliceCount } from './slice-count.js';
import { StepBarrier } from './step-barrier.js';

/** Below this many floats to read (parameters times shards) a step alone is quicker than handing slices out. */
const parallelStepFloats = 2_000_000;

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
  /** The first tensor that is not finite after the step: weights, a state of the optimizer, a moving statistic. */
  readonly notFinite?: string;
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

/** What the main thread does during a step. */
export interface Meanwhile {
  /** Whether it keeps a core busy: then it waits for the first worker that is done, whose core is idle. */
  readonly late: boolean;
  readonly run: () => void;
}

export interface CoordinatorOptions {
  readonly arena: Arena;
  readonly layout: RunLayout;
  readonly pool: GradientPool;
  readonly kernel: StepKernel;
  /** Into how many slices a large step is cut. */
  readonly slices: SliceCount;
  /** Where other processes compute the other shards. */
  readonly cluster?: ClusterRun | undefined;
}

/**
 * One training step, all workers in lockstep: each shard's gradient, then the all-reduce and the optimizer step in
 * shard order, weighted by the shards' sample weights. Large steps are cut into slices that the pool does in parallel;
 * elementwise work in fixed blocks, so the bits are the same. Where each worker has a shard and a slice, it goes from the
 * one to the other through a barrier, without this thread in between.
 */
export class Coordinator {
  readonly #options: CoordinatorOptions;
  readonly #parallel: boolean;
  readonly #end: BatchEnd;
  readonly #barrier: StepBarrier;
  /** What of each batch this process computes. */
  readonly share: BatchShare;
  /** The coordinators of other processes. */
  readonly companions: Companions | undefined;
  /** The evaluation whose statistics were gathered last: ranks gather in the order of batches. */
  #gathered: Promise<unknown> = Promise.resolve();

  constructor(options: CoordinatorOptions) {
    this.#options = options;
    const { arena, layout, slices, cluster } = options;
    this.share = new BatchShare(layout.shards, ownShards(layout));
    this.companions = cluster && new Companions({ ...options, ...cluster });
    const large = layout.trainableLength * layout.shards >= parallelStepFloats;
    this.#parallel = !slices.here || (slices.count > 1 && large);
    this.#end = new BatchEnd(arena, layout);
    this.#barrier = new StepBarrier(arena);
  }

  /**
   * Computes a batch's gradients and, when the plan says so, steps the optimizer.
   *
   * @param meanwhile run on this thread while workers compute.
   * @throws ConvoyError `CONVOY_DIVERGED` when the loss is not finite; weights are then those before the step.
   */
  async step(batch: StepBatch, plan: StepPlan, meanwhile?: Meanwhile): Promise<StepOutcome> {
    const started = performance.now();
    const shards = this.#shards(batch);
    const tasks = this.#tasks(batch, plan.batch);
    const withBarrier = this.#canPassBarrier(tasks, plan);
    const running = withBarrier
      ? this.#runWithBarrier(tasks, plan)
      : tasks.map((task) => this.#options.pool.run({ kind: 'gradients', task }));
    const all = Promise.all(running);
    // Awaited below; where `meanwhile` fails, that is told and not what becomes of the workers then.
    all.catch(() => undefined);
    // Where tasks are still queued, this thread has to hand them out; of a single one, nobody waits for the others.
    if (meanwhile?.late === true && tasks.length > 1 && tasks.length <= this.#options.pool.workers)
      await Promise.race(running);
    meanwhile?.run();
    const replies = await all;
    const ended = performance.now();
    await this.companions?.gatherBatch(batch.slot);

    const sums = this.#end.sums(batch.slot, shards);
    if (!isFiniteLoss(sums)) {
      throw new ConvoyError(
        'CONVOY_DIVERGED',
        `Expected a finite loss but found ${sums.lossSum} in step ${plan.step + 1} at a learning rate of ` +
          `${Number(plan.learningRate.toPrecision(3))}; try a lower --learning-rate, or convoy lr-find to look for one`,
        { place: `step ${plan.step + 1}`, learningRate: plan.learningRate },
      );
    }
    if (withBarrier) {
      const gradients = Math.max(...replies.map((reply) => reply.ended)) - performance.timeOrigin - started;
      const results = replies.map(resultOf);
      const seconds = divided(ended - started - gradients, slowest(results).seconds);
      return { sums, replies, gradients: gradients / 1000, ...seconds, ...this.#notFinite(results) };
    }
    const mixture = this.#end.mixture(batch.slot, shards, plan.accumulated);
    this.#end.close(shards, mixture);
    await this.companions?.sumGradients(mixture);
    const exchanged = this.companions === undefined ? 0 : (performance.now() - ended) / 1000;
    const gradients = (ended - started) / 1000;
    const result = plan.update ? await this.#update(plan, mixture) : { seconds: await this.#accumulate(mixture) };
    const seconds = { ...result.seconds, allReduce: result.seconds.allReduce + exchanged };
    return { sums, replies, gradients, ...seconds, ...this.#notFinite([result]) };
  }

  /** Inference over a batch: outputs of the own shards into the slot, sums of all returned. */
  async evaluate(batch: StepBatch): Promise<Sums> {
    const all = this.#runOwn(batch, 'evaluate');
    await this.#inTurn(all, (companions) => companions.gatherStatistics(batch.slot));
    return this.#end.sums(batch.slot, this.#shards(batch));
  }

  /** What a frozen base makes of a batch [count, featureLength]; valid until the slot is filled anew. */
  async features(batch: StepBatch): Promise<Float32Array> {
    const { arena, layout } = this.#options;
    const length = layout.featureLength ?? 0;
    const { begin, end } = this.share.samples(batch.count);
    const own = arena.float32(arena.slot(slotNames.features(batch.slot)), 0, (end - begin) * length);
    const all = this.#runOwn(batch, 'features');
    if (this.companions === undefined) return all.then(() => own);
    const rows = new Float32Array(new SharedArrayBuffer(batch.count * length * 4));
    await this.#inTurn(all, (companions) => {
      rows.set(own, begin * length);
      return companions.gatherRows(rows, batch.count, length);
    });
    return rows;
  }

  /** In a cluster, gathers what has been computed in the order in which batches were begun, as all ranks do. */
  async #inTurn(computed: Promise<void>, gather: (companions: Companions) => Promise<void>): Promise<void> {
    const { companions } = this;
    computed.catch(() => undefined); // thrown where it is awaited
    if (companions !== undefined) {
      const gathered = this.#gathered.then(() => computed).then(() => gather(companions));
      this.#gathered = gathered.catch(() => undefined);
      await gathered;
    }
    await computed;
  }

  async #runOwn(batch: StepBatch, kind: 'evaluate' | 'features'): Promise<void> {
    await Promise.all(this.#tasks(batch, 0).map((task) => this.#options.pool.run({ kind, task })));
  }

  /** The shards that have samples: of a last, smaller batch some may have none. */
  #shards({ count }: StepBatch): ShardCount[] {
    return cutShards(count, this.#options.layout.shards)
      .map(({ begin, end }, shard) => ({ shard, count: end - begin }))
      .filter((shard) => shard.count > 0);
  }

  /** Tasks of the own shards; the slot begins with their samples. */
  #tasks({ slot, count }: StepBatch, step: number): ShardTask[] {
    const own = ownShards(this.#options.layout);
    const first = this.share.samples(count).begin;
    return cutShards(count, this.#options.layout.shards)
      .map(({ begin, end }, shard) => ({ step, shard, slot, begin: begin - first, count: end - begin }))
      .filter((task) => task.count > 0 && task.shard >= own.begin && task.shard < own.end);
  }

  /**
   * Whether each shard's worker can do a slice of the step right behind: where the gradients are all there is to add, and
   * every worker has one task, so that none waits for what is still queued behind it.
   */
  #canPassBarrier(tasks: readonly ShardTask[], plan: StepPlan): boolean {
    const { kernel, pool, slices } = this.#options;
    const onlyThese = plan.update && plan.accumulated === 0 && kernel.passes === 1 && this.companions === undefined;
    return onlyThese && this.#parallel && tasks.length >= slices.count && tasks.length <= pool.workers;
  }

  #runWithBarrier(tasks: readonly ShardTask[], plan: StepPlan): Promise<DoneReply>[] {
    const { kernel, pool } = this.#options;
    const slices = kernel.slices(tasks.length);
    const shards = tasks.map(({ shard, count }) => ({ shard, count }));
    const args = stepArguments(plan);
    this.#barrier.reset();
    return tasks.map(async (task, index) => {
      // A small step may have fewer slices than there are shards; the others wait at the barrier all the same.
      const slice = slices[index] ?? { begin: 0, end: 0 };
      const share = { shards, slice, scratch: index, args };
      try {
        return await pool.run({ kind: 'gradients', task, share }, () => this.#barrier.hasPassed(task.shard));
      } catch (error) {
        this.#barrier.shut();
        throw error;
      }
    });
  }

  async #accumulate(mixture: Mixture): Promise<StepSeconds> {
    const { kernel } = this.#options;
    const args = { ...mixture, reduced: this.companions !== undefined };
    if (!this.#parallel) return kernel.accumulate(args);
    const started = performance.now();
    const seconds = await accumulateInSlices(kernel, args, this.#slices());
    return divided(performance.now() - started, seconds);
  }

  async #update(plan: StepPlan, mixture: Mixture): Promise<StepResult> {
    const { kernel } = this.#options;
    const args = { ...stepArguments(plan), ...mixture, reduced: this.companions !== undefined };
    if (!this.#parallel) return kernel.run(args);
    const started = performance.now();
    const result = await stepInSlices(kernel, args, this.#slices());
    return { ...result, seconds: divided(performance.now() - started, result.seconds) };
  }

  /** What the slices of a step have found; else the first moving statistic that is not finite. */
  #notFinite(results: readonly Pick<StepResult, 'notFinite'>[]): Pick<StepOutcome, 'notFinite'> {
    const [found = this.#end.notFiniteMoving()] = results.flatMap(({ notFinite }) => notFinite ?? []);
    return found === undefined ? {} : { notFinite: found };
  }

  /** A slice done on this thread has scratch block 0; those sent at one time have one each. */
  #slices(): SliceOptions {
    const {
      pool,
      slices: { count, here },
    } = this.#options;
    const own = here ? 1 : 0;
    let sent = 0;
    return {
      slices: count,
      here,
      send: async (slice) => resultOf(await pool.run({ kind: 'step', slice, scratch: own + (sent++ % (count - own)) })),
    };
  }
}

function stepArguments({
  step,
  learningRate,
  momentum,
}: StepPlan): Pick<StepArguments, 'step' | 'learningRate' | 'momentum'> {
  return { step: step + 1, learningRate, momentum };
}

function resultOf({ result }: DoneReply): PassResult {
  if (result === undefined) throw new TypeError('a slice of the step came back without its result');
  return result;
}

/** Milliseconds of slices, hand-over included, divided between the phases as the slowest slice's own time was. */
function divided(milliseconds: number, { products, allReduce, optimizer }: StepSeconds): StepSeconds {
  // Hand-over counts with the all-reduce and the optimizer, not as computing gradients.
  const stepping = milliseconds / 1000 - products;
  const share = allReduce / (allReduce + optimizer);
  return { products, allReduce: stepping * share, optimizer: stepping * (1 - share) };
}
