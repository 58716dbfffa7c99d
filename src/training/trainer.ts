import { ConvoyError } from '../base/errors.js';
import { CallbackList, type EpochRecord } from '../callbacks/index.js';
import { type ConfigInput, resolveConfig } from '../config/index.js';
import { detached } from '../run/index.js';
import type { RuntimeInternals } from '../runtime/index.js';
import { goOn } from './go-on.js';
import { checkTrainerOptions, type TrainerOptions } from './options.js';
import { nextPhase, openPhase, phaseAt } from './phases.js';
import { needSameRuntime } from './ranks/agree.js';
import { SharedCallbacks } from './ranks/callbacks.js';
import { endedInCluster, joinCluster } from './ranks/join.js';
import { openRecorder } from './ranks/open-recorder.js';
import type { RunRecorder } from './recorder.js';
import { Run } from './run.js';
import { runCallbacks } from './run-callbacks.js';
import { TrainedRun } from './trained-run.js';
import { fromCheckpoint, initialState, toCheckpoint } from './training-state.js';
import { wantedMetrics } from './wanted-metrics.js';

/**
 * Trains a network on every core.
 *
 * `for await (const epoch of new Trainer({ config }).run())` gives a record an epoch; the generator's return value, or
 * `await new Trainer({ config }).train()`, is the trained run, which predicts and evaluates.
 */
export class Trainer {
  readonly #options: TrainerOptions;

  /** @throws ConvoyError `CONVOY_OPTION` for options that are not known, or data and models that are none. */
  constructor(options: TrainerOptions) {
    checkTrainerOptions(options);
    this.#options = options;
  }

  /** Runs to the end. */
  async train(): Promise<TrainedRun> {
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
  run(): AsyncGenerator<EpochRecord, TrainedRun> {
    return trainingRun(this.#options);
  }
}

/** What `Trainer.run` does; `internals` are for tests. */
export async function* trainingRun(
  options: TrainerOptions,
  internals: Internals = {},
): AsyncGenerator<EpochRecord, TrainedRun> {
  if (options.signal?.aborted === true) throw new ConvoyError('CONVOY_ABORTED', 'Stopped before the training began');
  const cluster = internals.cluster ?? (await joinCluster(options.signal));
  if (cluster === undefined) return yield* openedRun(options, internals);
  try {
    // What follows a run writes files: the first rank's alone.
    const own = cluster.cluster.rank === 0 ? options : { ...options, watchers: [] };
    const trained = yield* openedRun({ ...own, signal: cluster.stop.signal }, { ...internals, cluster });
    await endedInCluster(cluster);
    return trained;
  } catch (error) {
    await endedInCluster(cluster, error);
    throw error;
  }
}

type Internals = Pick<RuntimeInternals, 'workerFile' | 'cluster'>;

async function* openedRun(options: TrainerOptions, internals: Internals): AsyncGenerator<EpochRecord, TrainedRun> {
  const recorder = await openRecorder(options, internals.cluster?.cluster);
  try {
    return yield* recordedRun(recorder, options, internals);
  } catch (error) {
    for (const watcher of options.watchers ?? []) await watcher.onFailure?.(error);
    throw error;
  } finally {
    await recorder.close();
  }
}

async function* recordedRun(
  recorder: RunRecorder,
  options: TrainerOptions,
  internals: Internals,
): AsyncGenerator<EpochRecord, TrainedRun> {
  const config =
    recorder.config ?? resolveConfig({ where: 'config', input: { ...madeInCode(options), ...options.config } });
  const { resumed } = recorder;
  let phase = phaseAt(config, resumed?.message.epoch ?? 0);
  let runtime = await openPhase(phase, options, { ...internals, recorded: () => recorder.recordedModel() });
  try {
    const cluster = internals.cluster?.cluster;
    const list = runCallbacks(runtime, [...recorder.callbacks, ...(options.callbacks ?? [])]);
    const metrics = wantedMetrics(runtime, list);
    const callbacks = cluster === undefined ? new CallbackList(list) : new SharedCallbacks(list, cluster);
    let state =
      resumed === undefined
        ? initialState()
        : fromCheckpoint(runtime, callbacks, resumed.message, resumed.file, phase.first);
    if (resumed !== undefined) goOn(runtime, state, resumed.message, options.onNote ?? (() => undefined));
    if (cluster !== undefined) await needSameRuntime(cluster, runtime);
    await recorder.begin(runtime, state, callbacks, options.datasets !== undefined);
    state.seconds += await runtime.prepare();
    options.onStart?.(runtime, state);
    for (const watcher of options.watchers ?? []) await watcher.onStart?.(runtime);
    let run = new Run(runtime, state, callbacks, recorder, { ...options, metrics }, cluster);
    await callbacks.onTrainBegin({ epochs: config.epochs, history: state.history, metrics }, run);
    for (;;) {
      while (state.epoch < phase.end && state.stopped === undefined) yield await run.epoch();
      if (state.epoch >= config.epochs || state.stopped !== undefined) break;
      // The next phase goes on from here as a resumed run would.
      const moment = detached(toCheckpoint(runtime, state, callbacks));
      phase = phaseAt(config, state.epoch);
      runtime = await nextPhase(runtime, phase, options, internals);
      state = fromCheckpoint(runtime, callbacks, moment, 'the phase before', phase.first);
      state.seconds += await runtime.prepare();
      options.onStart?.(runtime, state);
      for (const watcher of options.watchers ?? []) await watcher.onStart?.(runtime);
      run = new Run(runtime, state, callbacks, recorder, { ...options, metrics }, cluster);
    }
    await callbacks.onTrainEnd(run);
    return new TrainedRun(await run.finish(), { ...options, trustCode: true });
  } finally {
    await runtime.close();
  }
}

/** What was made in code is recorded under its own name. */
function madeInCode({ model, datasets, config = {} }: TrainerOptions): ConfigInput {
  return {
    ...(datasets && { dataset: datasets.train.name }),
    ...(model && config.base === undefined && { model: { name: model.name } }),
  };
}
