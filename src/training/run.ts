import { ConvoyError } from '../base/errors.js';
import { type CallbackList, type Control, type EpochRecord, monitored, type SplitScores } from '../callbacks/index.js';
import type { Cluster, MetricName } from '../contracts/index.js';
import { EpochFeeds } from '../coordinator/index.js';
import { type TrainSummary, withAveragedWeights } from '../run/index.js';
import type { Runtime } from '../runtime/index.js';
import { EpochMeter, meanLoss } from './epoch-meter.js';
import { evaluateSplit } from './evaluation.js';
import type { TrainerOptions } from './options.js';
import { phaseAt } from './phases.js';
import type { Progress } from './progress.js';
import { needSameWeights } from './ranks/agree.js';
import { takeWeights } from './ranks/take-weights.js';
import { recordOf } from './record-of.js';
import type { RunRecorder } from './recorder.js';
import { SplitOutputs, wantedAnywhere } from './split-outputs.js';
import { type StepRates, type TrainedBatch, trainingSteps } from './steps.js';
import type { RunContents } from './trained-run.js';
import type { TrainingState } from './training-state.js';
import { computeMetrics } from './wanted-metrics.js';

/** One run under way: its epochs, and what callbacks may ask of it. */
export class Run implements Control {
  readonly #feeds: EpochFeeds;
  readonly #rates: StepRates;
  /** Where this process began. */
  readonly #firstBatch: number;
  readonly #sentBefore: number;

  constructor(
    private readonly runtime: Runtime,
    private readonly state: TrainingState,
    private readonly callbacks: CallbackList,
    private readonly recorder: RunRecorder,
    private readonly options: TrainerOptions & { readonly metrics: readonly MetricName[] },
    /** The other processes of the training. */
    private readonly cluster?: Cluster,
  ) {
    this.#feeds = new EpochFeeds(runtime);
    this.#firstBatch = state.batch;
    this.#sentBefore = cluster?.sentBytes ?? 0;
    const { schedule } = runtime;
    this.#rates = { ...schedule, learningRate: (step) => schedule.learningRate(step) * state.learningRateScale };
  }

  /** One epoch, or what is left of it: training, evaluation, callbacks, checkpoint. */
  async epoch(): Promise<EpochRecord> {
    const { runtime, state } = this;
    const { config, datasets } = runtime;
    this.#stopIfAborted();
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
      learningRate: this.#rates.learningRate(Math.max(0, state.step - 1)),
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
    runtime.schedule.onEpochEnd?.({ ...(validation ?? test), monitored: (monitor) => monitored(record, monitor) });
    if (this.cluster !== undefined) await needSameWeights(this.cluster, runtime, state.epoch);
    await this.callbacks.onEpochEnd(record, this);
    await this.recorder.epochEnd(runtime, state, this.callbacks, record);
    for (const watcher of this.options.watchers ?? []) await watcher.onEpochEnd?.(record);
    if (state.epoch < config.epochs) this.#stopIfAborted(); // after the last epoch there is nothing left to stop
    return record;
  }

  /** Trains to the end of the epoch. */
  async #train(meter: EpochMeter): Promise<void> {
    const { runtime, state, options } = this;
    const { count } = runtime.datasets.train;
    if (state.position >= count) return; // resumed between the epoch's last step and its evaluation
    const lastEpoch = phaseAt(runtime.config, state.epoch).end;
    for await (const batch of trainingSteps({
      runtime,
      feeds: this.#feeds,
      cursor: state,
      rates: this.#rates,
      lastEpoch,
    })) {
      const { outcome, waited, started } = batch;
      for (const watcher of options.watchers ?? []) watcher.onStep?.(outcome, { waited, started });
      options.trace?.step(batch.stepped ? state.step : state.step + 1, waited, started, outcome);
      meter.add(outcome.sums);
      const { products, allReduce, optimizer } = outcome;
      meter.spend({ data: (started - waited) / 1000, gradients: outcome.gradients + products, allReduce, optimizer });
      if (batch.stepped) await this.#stepDone(meter, batch);
      this.#report(meter, 'training', state.position, count);
    }
  }

  async #stepDone(meter: EpochMeter, { outcome, stepSums, learningRate }: TrainedBatch): Promise<void> {
    const { state, callbacks, recorder } = this;
    if (callbacks.wantsSteps) {
      const record = { epoch: state.epoch + 1, step: state.step, learningRate };
      await callbacks.onStepEnd({ ...record, loss: meanLoss(stepSums), samples: stepSums.count }, this);
    }
    if (outcome.notFinite !== undefined) return; // nothing to keep: the step loop ends the run
    if (recorder.checkpointDue(state.step)) await this.#checkpointMidway(meter);
    if (this.options.signal?.aborted === true) {
      await this.#checkpointMidway(meter);
      this.#stopIfAborted();
    }
  }

  /** A checkpoint inside an epoch: what the epoch has added up goes along. */
  async #checkpointMidway(meter: EpochMeter): Promise<void> {
    this.state.meter = meter.state;
    await this.recorder.checkpoint('last', this.runtime, this.state, this.callbacks);
  }

  async #evaluate(dataset: Runtime['datasets']['test'], meter: EpochMeter): Promise<SplitScores> {
    const { coordinator, arena, layout, evaluationSlots, evaluationStage } = this.runtime;
    const stage = evaluationStage(dataset);
    const watchers = (this.options.watchers ?? []).filter((watcher) => watcher.onOutputs !== undefined);
    const { metrics } = this.options;
    const wanted = await wantedAnywhere(watchers.length > 0 || metrics.length > 0, this.cluster);
    const outputs = wanted ? new SplitOutputs(this.runtime, dataset.count) : undefined;
    try {
      const scores = await evaluateSplit({
        stage,
        coordinator,
        arena,
        layout,
        slots: evaluationSlots,
        count: dataset.count,
        onBatch: (done) => this.#report(meter, 'evaluating', done, dataset.count),
        ...(outputs && { onOutputs: (values, batch) => outputs.take(values, batch) }),
        ...(this.options.signal === undefined ? {} : { signal: this.options.signal }),
      });
      if (outputs === undefined) return { ...scores };
      const whole = await outputs.whole();
      for (const watcher of watchers) watcher.onOutputs?.(dataset, whole);
      return { ...scores, ...computeMetrics(metrics, whole, this.runtime, dataset) };
    } finally {
      await stage.close();
    }
  }

  /** An abort inside an evaluation: the epoch's steps are kept, and a resumed run begins with its evaluation. */
  async #stopBeforeScores(meter: EpochMeter, error: unknown): Promise<never> {
    if (this.options.signal?.aborted === true) {
      await this.#checkpointMidway(meter);
      this.#stopIfAborted();
    }
    throw error;
  }

  #report(meter: EpochMeter, phase: Progress['phase'], done: number, total: number): void {
    const { epochs } = this.runtime.config;
    const { onBatch, watchers = [] } = this.options;
    if (onBatch === undefined && watchers.length === 0) return;
    const progress: Progress = {
      epoch: this.state.epoch + 1,
      epochs,
      done,
      total,
      phase,
      imagesPerSecond: meter.imagesPerSecond,
      ...meter.scores,
    };
    onBatch?.(progress);
    for (const watcher of watchers) watcher.onProgress?.(progress);
  }

  #stopIfAborted(): void {
    if (this.options.signal?.aborted !== true) return;
    const { step, epoch } = this.state;
    const where = this.recorder.path === undefined ? '' : `; --resume ${this.recorder.path} goes on from here`;
    throw new ConvoyError('CONVOY_ABORTED', `Stopped in epoch ${epoch + 1} after step ${step}${where}`);
  }

  /** Writes model and summary, and gives all that the run consists of. */
  async finish(): Promise<RunContents> {
    const { runtime, state, recorder, options } = this;
    const { summary, weights } = await recorder.finish(runtime, state, await this.#traffic());
    for (const watcher of options.watchers ?? []) await watcher.onEnd?.(summary);
    return {
      config: runtime.config,
      record: recordOf(runtime, options.datasets !== undefined),
      architecture: JSON.parse(JSON.stringify(runtime.model.toJSON(undefined, false))),
      weights,
      history: state.history,
      summary,
      trustCode: true,
      ...(recorder.path === undefined ? {} : { folder: recorder.path }),
    };
  }

  /** What ranks have sent to each other. */
  async #traffic(): Promise<TrainSummary['cluster']> {
    if (this.cluster === undefined) return undefined;
    const steps = Math.max(1, this.state.batch - this.#firstBatch);
    const bytes = await this.cluster.exchange(this.cluster.sentBytes - this.#sentBefore);
    return {
      ranks: this.cluster.size,
      sum: this.runtime.layout.stagingLength === undefined ? 'chain' : 'slices',
      ...this.cluster.network,
      bytesPerBatch: bytes.map((sent) => Math.round(sent / steps)),
    };
  }

  stop(reason: string): void {
    this.state.stopped ??= reason;
  }

  keepBest(): Promise<void> {
    return this.recorder.checkpoint('best', this.runtime, this.state, this.callbacks);
  }

  async restoreBest(): Promise<void> {
    const epoch = await this.recorder.restoreBest(this.runtime);
    this.state.restored = this.cluster === undefined ? epoch : await takeWeights(this.cluster, this.runtime, epoch);
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
