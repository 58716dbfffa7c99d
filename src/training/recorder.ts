import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { CheckpointMessage } from '../../proto/convoy.js';
import { ConvoyError, combinationError } from '../base/errors.js';
import type { LayersModel } from '../base/tf.js';
import type { Callback, CallbackList, EpochRecord } from '../callbacks/index.js';
import { baseLearningRate, type ConfigInput, type RunConfig, resolveConfig } from '../config/index.js';
import { readWeights } from '../coordinator/index.js';
import {
  averagedState,
  detached,
  exportLayersModel,
  RunFolder,
  readCheckpoint,
  type TrainSummary,
  withAveragedWeights,
  writeCheckpoint,
  writeRecord,
} from '../run/index.js';
import { onThisProcessor, type Runtime } from '../runtime/index.js';
import { recordOf } from './record-of.js';
import { summarize } from './summary.js';
import type { Trace } from './trace.js';
import { restoreWeights, type TrainingState, toCheckpoint } from './training-state.js';

export type { TrainSummary } from '../run/index.js';

/** What a run ends with. */
export interface Ending {
  readonly summary: TrainSummary;
  /** In the order of `modelParameters`, averaged where the optimizer keeps an average. */
  readonly weights: readonly Float32Array[];
}

/**
 * Writes what a run leaves behind: configuration, metrics, checkpoints, model, summary. Without a folder it keeps the
 * best weights in memory and writes nothing.
 */
export class RunRecorder {
  /** Configuration of the run to resume; undefined for a new run. */
  readonly config: RunConfig | undefined;
  /** Checkpoint to go on from. */
  readonly resumeFrom: string | undefined;
  /** Callbacks of the run folder. */
  readonly callbacks: readonly Callback[] = [];
  readonly #folder: RunFolder | undefined;
  readonly #trace: Trace | undefined;
  #best: CheckpointMessage | undefined;
  #lastCheckpoint = performance.now();
  #checkpoint: RunConfig['checkpoint'] = {};

  private constructor(folder: RunFolder | undefined, trace?: Trace, config?: RunConfig, resumeFrom?: string) {
    this.#folder = folder;
    this.#trace = trace;
    this.config = config;
    this.resumeFrom = resumeFrom;
  }

  /**
   * Opens the folder of a new or an earlier run.
   *
   * @throws ConvoyError `CONVOY_CHECKPOINT` when there is nothing to resume, `CONVOY_OPTION` when the folder is taken.
   */
  static async open({
    out,
    resume,
    config = {},
    trace,
    onNote,
  }: {
    readonly out?: string;
    readonly resume?: string;
    readonly config?: ConfigInput;
    readonly trace?: Trace;
    readonly onNote?: ((note: string) => void) | undefined;
  }): Promise<RunRecorder> {
    if (resume === undefined)
      return new RunRecorder(out === undefined ? undefined : await RunFolder.create(out), trace);
    const folder = await RunFolder.resume(resume, onNote);
    try {
      const last = folder.checkpoint('last');
      const recorded = resolveConfig(
        { where: `${resume}/config.json`, input: await folder.readConfig() },
        // The number of workers does not change a result, and more epochs may be asked for.
        { where: 'config', input: allowed(config) },
      );
      const here = config.precision === undefined ? onThisProcessor(recorded, onNote) : recorded;
      return new RunRecorder(folder, trace, here, existsSync(last) ? last : undefined);
    } catch (error) {
      await folder.close();
      throw error;
    }
  }

  /** Lets other processes at the folder; one that was made for a run that could not begin is taken back. */
  async close(): Promise<void> {
    await this.#folder?.close();
  }

  get path(): string | undefined {
    return this.#folder?.path;
  }

  /** The network of the run to resume. */
  async recordedModel(): Promise<LayersModel | undefined> {
    return this.resumeFrom === undefined ? undefined : this.#folder?.readArchitecture();
  }

  /** Before the first step: configuration written, metrics cut to the checkpoint's epochs. */
  async begin(runtime: Runtime, state: TrainingState, callbacks: CallbackList, madeInCode: boolean): Promise<void> {
    const { config, shards } = runtime;
    this.#checkpoint = config.checkpoint;
    // Shards decide bits, so a resumed run must have them even if it has other workers.
    await this.#folder?.writeConfig({ ...config, shards, learningRate: baseLearningRate(config) });
    await this.#folder?.rewriteMetrics(state.history);
    if (this.#folder !== undefined) await writeRecord(this.#folder.path, recordOf(runtime, madeInCode));
    if (this.resumeFrom !== undefined) return;
    await this.#folder?.writeArchitecture(runtime.model);
    await this.checkpoint('last', runtime, state, callbacks);
  }

  /** Whether a checkpoint is to be written after this optimizer step. */
  checkpointDue(step: number): boolean {
    if (this.#folder === undefined) return false;
    const { everySteps, everyMinutes } = this.#checkpoint;
    if (everySteps !== undefined && step % everySteps === 0) return true;
    return everyMinutes !== undefined && performance.now() - this.#lastCheckpoint >= everyMinutes * 60_000;
  }

  async checkpoint(name: string, runtime: Runtime, state: TrainingState, callbacks: CallbackList): Promise<void> {
    if (this.#folder === undefined && name !== 'best') return;
    const began = performance.now();
    const message = toCheckpoint(runtime, state, callbacks);
    if (this.#folder === undefined) this.#best = detached(message, [averagedState]);
    else {
      await this.#folder.needLock();
      await writeCheckpoint(this.#folder.checkpoint(name), message);
    }
    this.#trace?.main('checkpoint', began, performance.now(), { name });
    if (name === 'last') this.#lastCheckpoint = performance.now();
  }

  async removeCheckpoint(name: string): Promise<void> {
    if (this.#folder !== undefined) await rm(this.#folder.checkpoint(name), { force: true });
  }

  /**
   * Restores weights, their average and moving statistics of the checkpoint called best.
   *
   * @returns the epoch, from 1, at whose end it was kept.
   */
  async restoreBest(runtime: Runtime): Promise<number> {
    const file = this.#folder?.checkpoint('best') ?? 'best weights';
    const message = this.#folder === undefined ? this.#best : await readCheckpoint(file);
    if (message === undefined) throw new ConvoyError('CONVOY_CHECKPOINT', 'Expected kept best weights but found none');
    restoreWeights(runtime, message, file);
    return message.epoch;
  }

  async epochEnd(runtime: Runtime, state: TrainingState, callbacks: CallbackList, record: EpochRecord): Promise<void> {
    await this.checkpoint('last', runtime, state, callbacks);
    await this.#folder?.appendMetrics(record);
  }

  /** Writes model and summary, of the averaged weights where the optimizer keeps them. */
  async finish(runtime: Runtime, state: TrainingState): Promise<Ending> {
    return withAveragedWeights(runtime, async () => {
      const summary = summarize(runtime, state);
      const weights = readWeights(runtime.arena, runtime.layout).map((values) => Float32Array.from(values));
      if (this.#folder !== undefined) {
        const { model, datasets } = runtime;
        await this.#folder.needLock();
        await exportLayersModel(model, weights, this.#folder.modelFolder);
        if (datasets.badImages?.length) await this.#folder.writeBadImages(datasets.badImages);
        await this.#folder.writeSummary(summary);
      }
      return { summary, weights };
    });
  }
}

/** What may be changed when a run is resumed; all else is the run's own. */
const resumable = [
  'workers',
  'epochs',
  'augmentWorkers',
  'checkpoint',
  'engine',
  'precision',
  'forcePrecision',
  'intraOpThreads',
  'interOpThreads',
];

function allowed(config: ConfigInput): ConfigInput {
  for (const [key, value] of Object.entries(config)) {
    if (value !== undefined && !resumable.includes(key)) {
      throw combinationError(
        key,
        'excludes',
        `--resume, which goes on with the run as it is: only ${resumable.join(', ')} may change`,
      );
    }
  }
  return config;
}
