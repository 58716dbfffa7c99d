import { rm } from 'node:fs/promises';
import type { CheckpointMessage } from '../../proto/convoy.js';
import { ConvoyError, combinationError } from '../base/errors.js';
import type { LayersModel } from '../base/tf.js';
import type { Callback, CallbackList, EpochRecord } from '../callbacks/index.js';
import { type ConfigInput, type RunConfig, resolveConfig } from '../config/index.js';
import { readWeights } from '../coordinator/index.js';
import { loadArchitecture } from '../models/index.js';
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
import { lastCheckpoint, needSameRun, resumable } from './same-run.js';
import { summarize } from './summary.js';
import type { Trace } from './trace.js';
import { recordedConfig, restoreWeights, type TrainingState, toCheckpoint } from './training-state.js';
import { needTrust } from './trust.js';

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
  /** Checkpoint to go on from, and its file; undefined for a run that begins. */
  readonly resumed: { readonly message: CheckpointMessage; readonly file: string } | undefined;
  /** Callbacks of the run folder. */
  readonly callbacks: readonly Callback[] = [];
  readonly #folder: RunFolder | undefined;
  readonly #trace: Trace | undefined;
  #best: CheckpointMessage | undefined;
  /** Whether another rank of a cluster writes. */
  #follows = false;
  /** The network that it has read. */
  #recorded: unknown;
  /** SHA-256 of the network's file. */
  #architecture = '';
  #lastCheckpoint = performance.now();
  #checkpoint: RunConfig['checkpoint'] = {};

  private constructor(
    folder: RunFolder | undefined,
    trace?: Trace,
    config?: RunConfig,
    resumed?: { readonly message: CheckpointMessage; readonly file: string },
  ) {
    this.#folder = folder;
    this.#trace = trace;
    this.config = config;
    this.resumed = resumed;
    this.#architecture = resumed?.message.architecture ?? '';
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
    trustCode = false,
  }: {
    readonly out?: string;
    readonly resume?: string;
    readonly config?: ConfigInput;
    readonly trace?: Trace;
    readonly trustCode?: boolean;
    readonly onNote?: ((note: string) => void) | undefined;
  }): Promise<RunRecorder> {
    if (resume === undefined)
      return new RunRecorder(out === undefined ? undefined : await RunFolder.create(out), trace);
    const folder = await RunFolder.resume(resume, onNote);
    try {
      const own = { where: `${resume}/config.json`, input: await folder.readConfig() };
      const resumed = await lastCheckpoint(folder, onNote);
      if (resumed !== undefined) await needSameRun(folder, resolveConfig(own), resumed);
      // The number of workers does not change a result, and more epochs may be asked for.
      const recorded = resolveConfig(own, { where: 'config', input: allowed(config) });
      needTrust(recorded, resume, trustCode);
      const here = config.precision === undefined ? onThisProcessor(recorded, onNote) : recorded;
      return new RunRecorder(folder, trace, here, resumed);
    } catch (error) {
      await folder.close();
      throw error;
    }
  }

  /** A recorder that writes nothing, of a rank beside the one that does. */
  static following(
    config?: RunConfig,
    resumed?: { readonly message: CheckpointMessage; readonly file: string },
    architecture?: unknown,
  ): RunRecorder {
    const recorder = new RunRecorder(undefined, undefined, config, resumed);
    recorder.#follows = true;
    recorder.#recorded = architecture;
    return recorder;
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
    if (this.resumed === undefined) return undefined;
    return this.#follows ? loadArchitecture(this.#recorded, this.resumed.file) : this.#folder?.readArchitecture();
  }

  /** The same as Keras's JSON, for ranks that have no folder. */
  async recordedArchitecture(): Promise<unknown> {
    return this.resumed === undefined ? undefined : this.#folder?.readArchitectureJson();
  }

  /** Before the first step: configuration written, metrics cut to the checkpoint's epochs. */
  async begin(runtime: Runtime, state: TrainingState, callbacks: CallbackList, madeInCode: boolean): Promise<void> {
    this.#checkpoint = runtime.config.checkpoint;
    // What is there of an ending is not this run's any more.
    if (this.resumed !== undefined) await this.#folder?.removeEnding();
    await this.#folder?.writeConfig(recordedConfig(runtime));
    await this.#folder?.rewriteMetrics(state.history);
    if (this.#folder !== undefined) await writeRecord(this.#folder.path, recordOf(runtime, madeInCode));
    if (this.resumed !== undefined) return;
    this.#architecture = (await this.#folder?.writeArchitecture(runtime.model)) ?? '';
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
    if (this.#follows || (this.#folder === undefined && name !== 'best')) return;
    const began = performance.now();
    const message = { ...toCheckpoint(runtime, state, callbacks), architecture: this.#architecture };
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
   * @returns the epoch, from 1, at whose end it was kept; 0 where another rank has it.
   */
  async restoreBest(runtime: Runtime): Promise<number> {
    if (this.#follows) return 0;
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
  async finish(runtime: Runtime, state: TrainingState, cluster?: TrainSummary['cluster']): Promise<Ending> {
    return withAveragedWeights(runtime, async () => {
      const summary = { ...summarize(runtime, state), ...(cluster && { cluster }) };
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
