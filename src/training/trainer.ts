import { ConvoyError } from '../base/errors.js';
import { type Callback, CallbackList, type Control, type EpochRecord } from '../callbacks/index.js';
import { type ConfigInput, resolveConfig } from '../config/index.js';
import { EpochFeeds } from '../coordinator/index.js';
import { detached, readCheckpoint, withAveragedWeights } from '../run/index.js';
import type { Runtime, RuntimeOptions } from '../runtime/index.js';
import { EpochMeter, meanLoss } from './epoch-meter.js';
import { evaluateSplit, type Scores } from './evaluation.js';
import { nextPhase, openPhase, phaseAt } from './phases.js';
import { RunRecorder, type TrainSummary } from './recorder.js';
import { runCallbacks } from './run-callbacks.js';
import type { Trace } from './trace.js';
import { fromCheckpoint, initialState, type TrainingState, toCheckpoint } from './training-state.js';

export type { TrainSummary } from './recorder.js';

/** What is known while an epoch is under way. */
export interface Progress {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Samples done in the epoch, and all of them. */
  readonly done: number;
  readonly total: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly imagesPerSecond: number;
  readonly phase: 'training' | 'evaluating';
}

export interface TrainerOptions extends Omit<RuntimeOptions, 'config'> {
  /** The configuration; missing options have their defaults. Not with `resume`. */
  readonly config?: ConfigInput;
  /** Folder for the run's files; without it nothing is written. */
  readonly out?: string;
  /** Run folder to go on with, from its last checkpoint. */
  readonly resume?: string;
  readonly callbacks?: readonly Callback[];
  readonly onBatch?: (progress: Progress) => void;
  /** Told when everything is open, before the first step. */
  readonly onStart?: (runtime: Runtime, state: Readonly<TrainingState>) => void;
  /** Filled with the timeline of the run; the caller writes it. */
  readonly trace?: Trace;
}

/**
 * Trains a network on every core.
 *
 * `for await (const epoch of new Trainer({ config }).run())` gives a record an epoch; the generator's return value, or
 * `await new Trainer({ config }).train()`, is the summary.
 */
export class Trainer {
  readonly #options: TrainerOptions;

  constructor(options: TrainerOptions) {
    this.#options = options;
  }

  /** Runs to the end. */
  async train(): Promise<TrainSummary> {
    const epochs = this.run();
    for (;;) {
      const next = await epochs.next();
      if (next.done) return next.value;
    }
  }

  /**
   * Runs epoch by epoch. When the signal is aborted, or the consumer stops early, a checkpoint is written and everything
   * is closed.
   *
   * @throws ConvoyError for everything that can go wrong: see `ErrorCode`.
   */
  async *run(): AsyncGenerator<EpochRecord, TrainSummary> {
    const options = this.#options;
    const recorder = await RunRecorder.open(options);
    try {
      return yield* this.#record(recorder);
    } finally {
      await recorder.close();
    }
  }

  async *#record(recorder: RunRecorder): AsyncGenerator<EpochRecord, TrainSummary> {
    const options = this.#options;
    const config = recorder.config ?? resolveConfig({ where: 'config', input: options.config ?? {} });
    const file = recorder.resumeFrom;
    const resumed = file === undefined ? undefined : await readCheckpoint(file);
    let phase = phaseAt(config, resumed?.epoch ?? 0);
    let runtime = await openPhase(phase, options, () => recorder.recordedModel());
    try {
      const callbacks = new CallbackList(runCallbacks(runtime, [...recorder.callbacks, ...(options.callbacks ?? [])]));
      let state =
        resumed === undefined ? initialState() : fromCheckpoint(runtime, callbacks, resumed, file ?? '', phase.first);
      await recorder.begin(runtime, state, callbacks);
      state.seconds += await runtime.prepare();
      options.onStart?.(runtime, state);
      let run = new Run(runtime, state, callbacks, recorder, options);
      await callbacks.onTrainBegin({ epochs: config.epochs, history: state.history }, run);
      for (;;) {
        while (state.epoch < phase.end && state.stopped === undefined) yield await run.epoch();
        if (state.epoch >= config.epochs || state.stopped !== undefined) break;
        // The next phase goes on from here as a resumed run would.
        const moment = detached(toCheckpoint(runtime, state, callbacks));
        phase = phaseAt(config, state.epoch);
        runtime = await nextPhase(runtime, phase, options);
        state = fromCheckpoint(runtime, callbacks, moment, 'the phase before', phase.first);
        state.seconds += await runtime.prepare();
        options.onStart?.(runtime, state);
        run = new Run(runtime, state, callbacks, recorder, options);
      }
      await callbacks.onTrainEnd(run);
      return await run.finish();
    } finally {
      await runtime.close();
    }
  }
}

/** One run under way: the step loop, and what callbacks may ask of it. */
class Run implements Control {
  readonly #feeds: EpochFeeds;

  constructor(
    private readonly runtime: Runtime,
    private readonly state: TrainingState,
    private readonly callbacks: CallbackList,
    private readonly recorder: RunRecorder,
    private readonly options: TrainerOptions,
  ) {
    this.#feeds = new EpochFeeds(runtime);
  }

  /** One epoch, or what is left of it: training, evaluation, callbacks, checkpoint. */
  async epoch(): Promise<EpochRecord> {
    const { runtime, state } = this;
    const { config, datasets } = runtime;
    const meter = new EpochMeter(state.meter);
    await this.#train(meter);
    const evaluated = performance.now();
    const { validation, test } = await withAveragedWeights(runtime, async () => ({
      validation: datasets.validation && (await this.#evaluate(datasets.validation, meter)),
      test: await this.#evaluate(datasets.test, meter),
    })).catch((error: unknown) => this.#stopBeforeScores(meter, error));
    const scored = performance.now();
    meter.spend({ evaluation: (scored - evaluated) / 1000 });
    this.options.trace?.main('evaluation', evaluated, scored);
    const { seconds, phases } = meter.state;
    const record: EpochRecord = {
      epoch: state.epoch + 1,
      steps: state.step,
      learningRate: this.#learningRate(Math.max(0, state.step - 1)),
      train: meter.scores,
      test,
      ...(validation === undefined ? {} : { validation }),
      imagesPerSecond: meter.imagesPerSecond,
      seconds,
      phases,
    };
    state.history.push(record);
    state.epoch += 1;
    state.position = 0;
    state.meter = undefined;
    state.seconds += seconds;
    runtime.schedule.onEpochEnd?.(validation ?? test);
    await this.callbacks.onEpochEnd(record, this);
    await this.recorder.epochEnd(runtime, state, this.callbacks, record);
    if (state.epoch < config.epochs) this.#stopIfAborted(); // after the last epoch there is nothing left to stop
    return record;
  }

  /** The step loop. */
  async #train(meter: EpochMeter): Promise<void> {
    const { runtime, state } = this;
    const {
      config,
      coordinator,
      datasets: {
        train: { count },
      },
    } = runtime;
    if (state.position >= count) return; // resumed between the epoch's last step and its evaluation
    const feeder = this.#feeds.open(state.epoch, state.position, phaseAt(config, state.epoch).end);
    let accumulated = 0; // weight of the samples whose gradients wait for an optimizer step
    let micro = 0;
    try {
      for (
        let waited = performance.now(), batch = await feeder.next();
        batch !== undefined;
        batch = await feeder.next()
      ) {
        const started = performance.now();
        const data = (started - waited) / 1000;
        const last = batch.position + batch.count === count;
        const update = ++micro % config.accumulate === 0 || last;
        const learningRate = this.#learningRate(state.step);
        const plan = {
          batch: state.batch,
          step: state.step,
          learningRate,
          momentum: runtime.schedule.momentum?.(state.step),
          accumulated,
          update,
        };
        const outcome = await coordinator.step(batch, plan, feeder.meanwhile);
        const { sums, gradients, products, allReduce, optimizer } = outcome;
        this.options.trace?.step(state.step + 1, waited, started, outcome);
        waited = performance.now();
        feeder.release(batch);
        meter.add(sums);
        meter.spend({ data, gradients: gradients + products, allReduce, optimizer });
        accumulated = update ? 0 : accumulated + sums.weightSum;
        state.batch += 1;
        state.position += batch.count;
        if (update) await this.#stepDone(meter, meanLoss(sums), learningRate, batch.count);
        this.#report(meter, 'training', state.position, count);
      }
    } finally {
      await feeder.drain();
    }
  }

  async #stepDone(meter: EpochMeter, loss: number, learningRate: number, samples: number): Promise<void> {
    const { runtime, state, callbacks, recorder } = this;
    state.step += 1;
    if (callbacks.wantsSteps) {
      await callbacks.onStepEnd({ epoch: state.epoch + 1, step: state.step, learningRate, loss, samples }, this);
    }
    if (recorder.checkpointDue(state.step)) {
      state.meter = meter.state;
      await recorder.checkpoint('last', runtime, state, callbacks);
    }
    if (this.options.signal?.aborted === true) {
      state.meter = meter.state;
      await recorder.checkpoint('last', runtime, state, callbacks);
      this.#stopIfAborted();
    }
  }

  async #evaluate(dataset: Runtime['datasets']['test'], meter: EpochMeter): Promise<Scores> {
    const { coordinator, arena, layout, evaluationSlots, evaluationStage } = this.runtime;
    const stage = evaluationStage(dataset);
    try {
      return await evaluateSplit({
        stage,
        coordinator,
        arena,
        layout,
        slots: evaluationSlots,
        count: dataset.count,
        onBatch: (done) => this.#report(meter, 'evaluating', done, dataset.count),
        ...(this.options.signal === undefined ? {} : { signal: this.options.signal }),
      });
    } finally {
      await stage.close();
    }
  }

  /** An abort inside an evaluation: the epoch's steps are kept, and a resumed run begins with its evaluation. */
  async #stopBeforeScores(meter: EpochMeter, error: unknown): Promise<never> {
    const { runtime, state, callbacks, recorder } = this;
    if (this.options.signal?.aborted === true) {
      state.meter = meter.state;
      await recorder.checkpoint('last', runtime, state, callbacks);
      this.#stopIfAborted();
    }
    throw error;
  }

  #learningRate(step: number): number {
    return this.runtime.schedule.learningRate(step) * this.state.learningRateScale;
  }

  #report(meter: EpochMeter, phase: Progress['phase'], done: number, total: number): void {
    const { epochs } = this.runtime.config;
    this.options.onBatch?.({
      epoch: this.state.epoch + 1,
      epochs,
      done,
      total,
      phase,
      imagesPerSecond: meter.imagesPerSecond,
      ...meter.scores,
    });
  }

  #stopIfAborted(): void {
    if (this.options.signal?.aborted !== true) return;
    const { step, epoch } = this.state;
    const where = this.recorder.path === undefined ? '' : `; --resume ${this.recorder.path} goes on from here`;
    throw new ConvoyError('CONVOY_ABORTED', `Stopped in epoch ${epoch + 1} after step ${step}${where}`);
  }

  finish(): Promise<TrainSummary> {
    return this.recorder.finish(this.runtime, this.state);
  }

  stop(reason: string): void {
    this.state.stopped ??= reason;
  }

  keepBest(): Promise<void> {
    return this.recorder.checkpoint('best', this.runtime, this.state, this.callbacks);
  }

  async restoreBest(): Promise<void> {
    this.state.restored = await this.recorder.restoreBest(this.runtime);
  }

  setLearningRateScale(scale: number): void {
    this.state.learningRateScale = scale;
  }

  saveCheckpoint(name: string): Promise<void> {
    return this.recorder.checkpoint(name, this.runtime, this.state, this.callbacks);
  }

  removeCheckpoint(name: string): Promise<void> {
    return this.recorder.removeCheckpoint(name);
  }
}
