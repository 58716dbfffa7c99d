import { ConvoyError } from '../base/errors.js';
import { EpochFeeds, type StepOutcome, type Sums } from '../coordinator/index.js';
import type { Runtime } from '../runtime/index.js';

/** Where a training is. Its random choices depend on it; `trainingSteps` moves it on after every batch. */
export interface StepCursor {
  /** From 0. */
  readonly epoch: number;
  /** Samples of the epoch that are done. */
  position: number;
  /** Batches done since the beginning: keys dropout. */
  batch: number;
  /** Optimizer steps done. */
  step: number;
}

/** The learning rate, and the momentum where a schedule moves it, of the optimizer step after `step` steps. */
export interface StepRates {
  learningRate(step: number): number;
  momentum?(step: number): number;
}

/** One batch that was trained on. */
export interface TrainedBatch {
  readonly outcome: StepOutcome;
  readonly samples: number;
  /** Whether it ended an optimizer step; the others of `accumulate` batches only add to the gradient. */
  readonly stepped: boolean;
  /** Over all batches since the last optimizer step, this one included. */
  readonly stepSums: Sums;
  readonly learningRate: number;
  /** When the loop began to wait for the batch, and to compute, by `performance.now()`. */
  readonly waited: number;
  readonly started: number;
}

export interface StepsOptions {
  readonly runtime: Pick<Runtime, 'config' | 'coordinator'>;
  readonly feeds: EpochFeeds;
  readonly cursor: StepCursor;
  readonly rates: StepRates;
  /** Epochs before this one are prepared ahead of their turn; default: none. */
  readonly lastEpoch?: number;
}

const noSums: Sums = { lossSum: 0, weightSum: 0, correct: 0, count: 0, regularization: 0 };

/**
 * The step loop: trains on one batch after the other, from the cursor to the end of its epoch. Every training, short or
 * long, uses it. A consumer that stops early leaves no batch being filled.
 *
 * @throws ConvoyError `CONVOY_DIVERGED` for a loss that is not finite, or once a step whose weights are not has been given,
 *   and whatever a stage or a worker fails with.
 */
export async function* trainingSteps(options: StepsOptions): AsyncGenerator<TrainedBatch, void, void> {
  const { feeds, cursor, rates, lastEpoch = 0 } = options;
  const { config, coordinator } = options.runtime;
  const feeder = feeds.open(cursor.epoch, cursor.position, lastEpoch);
  let gathered = noSums;
  let batches = 0;
  try {
    for (
      let waited = performance.now(), batch = await feeder.next();
      batch !== undefined;
      batch = await feeder.next()
    ) {
      const started = performance.now();
      const stepped = ++batches % config.accumulate === 0 || batch.position + batch.count === feeder.samples;
      const learningRate = rates.learningRate(cursor.step);
      const outcome = await coordinator.step(
        batch,
        {
          batch: cursor.batch,
          step: cursor.step,
          learningRate,
          momentum: rates.momentum?.(cursor.step),
          accumulated: gathered.weightSum,
          update: stepped,
        },
        feeder.meanwhile,
      );
      feeder.release(batch);
      cursor.batch += 1;
      cursor.position += batch.count;
      if (stepped) cursor.step += 1;
      const stepSums = addSums(gathered, outcome.sums);
      gathered = stepped ? noSums : stepSums;
      yield { outcome, samples: batch.count, stepped, stepSums, learningRate, waited, started };
      if (outcome.notFinite !== undefined) throw diverged(outcome.notFinite, cursor.step, learningRate);
      waited = performance.now();
    }
  } finally {
    await feeder.drain();
  }
}

/** The same, epoch after epoch without end, from the beginning of a training. */
export async function* endlessSteps(
  runtime: Runtime,
  {
    rates = runtime.schedule,
    wholeBatches = false,
  }: { readonly rates?: StepRates; readonly wholeBatches?: boolean } = {},
): AsyncGenerator<TrainedBatch, never, void> {
  const feeds = new EpochFeeds(runtime, { wholeBatches });
  const cursor = { epoch: 0, position: 0, batch: 0, step: 0 };
  for (; ; cursor.epoch += 1, cursor.position = 0) {
    yield* trainingSteps({ runtime, feeds, cursor, rates, lastEpoch: Infinity });
  }
}

/** The loss may still be finite: TensorFlow's ReLU makes 0 of NaN. */
function diverged(name: string, step: number, learningRate: number): ConvoyError {
  return new ConvoyError(
    'CONVOY_DIVERGED',
    `Expected finite numbers in ${name} but found others after step ${step}, at a learning rate of ` +
      `${learningRate.toPrecision(3)}: a lower one, a warm-up or optimizer.clipNorm may help`,
    { place: name, step },
  );
}

function addSums(a: Sums, b: Sums): Sums {
  return {
    lossSum: a.lossSum + b.lossSum,
    weightSum: a.weightSum + b.weightSum,
    correct: a.correct + b.correct,
    count: a.count + b.count,
    regularization: a.regularization + b.regularization,
  };
}
