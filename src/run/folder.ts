import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, readdir, readFile, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError, writeFileAtomic } from '../base/atomic-file.js';
import { ConvoyError, fileError } from '../base/errors.js';
import type { LockFile } from '../base/lock-file.js';
import { partEnding } from '../base/part-file.js';
import type { LayersModel } from '../base/tf.js';
import type { EpochRecord, SplitScores } from '../callbacks/index.js';
import type { Monitor } from '../contracts/index.js';
import { loadArchitecture } from '../models/index.js';
import { removeEmptyFolders } from './empty-folders.js';
import { needRun, refuseRun, takeLock } from './occupied.js';

/** What `summary.json` holds when a run has ended. */
export interface TrainSummary {
  readonly recipe?: string;
  readonly dataset: string;
  readonly model: string;
  readonly epochs: number;
  /** Epoch, from 1, of the weights that early stopping restored, which `test`, `train` and the model are of. */
  readonly restoredEpoch?: number;
  readonly test: SplitScores;
  readonly validation?: SplitScores;
  readonly train: SplitScores;
  /** Of any epoch. */
  readonly bestTestAccuracy: number;
  readonly imagesPerSecond: number;
  readonly seconds: number;
  readonly workers: number;
  readonly shards: number;
  readonly engine: 'eager' | 'compiled';
  readonly precision: string;
  readonly parameters: number;
  /** SHA-256 over the raw float32 weights in model order. */
  readonly weightsSha256: string;
  readonly target?:
    | { readonly accuracy: number; readonly reached: boolean }
    | { readonly monitor: Monitor; readonly value: number; readonly reached: boolean };
  /** Images left out because of `onBadImage: 'skip'`; `bad-images.json` lists them. */
  readonly skippedImages?: number;
  /** Share of the training time spent waiting for data. */
  readonly dataWait: number;
  /** What the figures say could be better, and how. */
  readonly advice?: string;
  /** Why the run ended before its last epoch. */
  readonly stopped?: string;
  /** Of a run on several ranks. */
  readonly cluster?: {
    readonly ranks: number;
    /** How gradients were summed: along the ranks, or each rank a slice. */
    readonly sum: 'chain' | 'slices';
    /** Measured at the start, by which that was chosen: bytes a second, and seconds of a small message. */
    readonly bandwidth: number;
    readonly latency: number;
    /** That each rank has sent to others for a batch, by rank. */
    readonly bytesPerBatch: readonly number[];
  };
}

const architectureName = 'architecture.json';

/** The files of one run: `config.json`, `architecture.json`, `metrics.jsonl`, `summary.json`, `checkpoints/`, `model/`. */
export class RunFolder {
  readonly path: string;
  /** Undefined for who only reads. */
  readonly #lock: LockFile | undefined;
  /** The uppermost folder that `create` had to make. */
  readonly #made: string | undefined;

  private constructor(path: string, lock?: LockFile, made?: string) {
    this.path = path;
    this.#lock = lock;
    this.#made = made;
  }

  /**
   * A new folder for a run of this process alone; one that already holds a run is refused, so that nothing is overwritten.
   *
   * @throws ConvoyError `CONVOY_OPTION` when it holds a run, `CONVOY_LOCKED` when another process has just begun one in it,
   * `CONVOY_DISK` when it cannot be made.
   */
  static async create(path: string): Promise<RunFolder> {
    refuseRun(path);
    const made = await mkdir(join(path, 'checkpoints'), { recursive: true }).catch((error: unknown) => {
      throw diskError(path, error);
    });
    const lock = await takeLock(path);
    try {
      refuseRun(path); // another process may have trained in it meanwhile
    } catch (error) {
      await lock.release();
      throw error;
    }
    return new RunFolder(path, lock, made);
  }

  /**
   * The folder of an earlier run, to read it.
   *
   * @throws ConvoyError `CONVOY_CHECKPOINT` when there is no run in it.
   */
  static open(path: string): RunFolder {
    needRun(path);
    return new RunFolder(path);
  }

  /**
   * The folder of an earlier run, to go on with it: in this process alone.
   *
   * @param onNote told when the process that was at it before had no time to leave it in order.
   * @throws ConvoyError `CONVOY_CHECKPOINT` when there is no run in it, `CONVOY_LOCKED` when another process is at it.
   */
  static async resume(path: string, onNote?: (note: string) => void): Promise<RunFolder> {
    needRun(path);
    const folder = new RunFolder(path, await takeLock(path, onNote));
    await folder.#removeParts();
    // A run that ended before its first checkpoint, and copies that leave out empty folders, have none.
    await mkdir(join(path, 'checkpoints'), { recursive: true }).catch(async (error: unknown) => {
      await folder.close();
      throw diskError(path, error);
    });
    return folder;
  }

  /** Lets other processes at the folder; one that was made for nothing is removed again. */
  async close(): Promise<void> {
    await this.#lock?.release();
    if (this.#made !== undefined) await removeEmptyFolders(join(this.path, 'checkpoints'), this.#made);
  }

  /**
   * Sees that no other process has taken the folder over, which may happen to one that was stopped for minutes.
   *
   * @throws ConvoyError `CONVOY_LOCKED`.
   */
  async needLock(): Promise<void> {
    if (this.#lock === undefined || (await this.#lock.isHeld())) return;
    const text = `${this.path}: expected to be alone at this run folder but another process has taken it over, since this one gave no sign for minutes`;
    throw new ConvoyError('CONVOY_LOCKED', text, { file: this.path });
  }

  /** Removes what a process that was killed while writing has left: files that never got their name. */
  async #removeParts(): Promise<void> {
    for (const folder of [this.path, join(this.path, 'checkpoints'), this.modelFolder]) {
      const names = await readdir(folder).catch(() => [] as string[]);
      for (const name of names.filter((file) => file.endsWith(partEnding)))
        await rm(join(folder, name), { force: true });
    }
  }

  checkpoint(name: string): string {
    return join(this.path, 'checkpoints', `${name}.ckpt`);
  }

  /** Names of the checkpoints that there are. */
  async checkpoints(): Promise<string[]> {
    const files = await readdir(join(this.path, 'checkpoints')).catch(() => [] as string[]);
    const ending = '.ckpt';
    return files.filter((file) => file.endsWith(ending)).map((file) => file.slice(0, -ending.length));
  }

  /** Name of the checkpoint with the weights that the run ended with: `best` where early stopping restored those, else `last`. */
  async finalCheckpoint(): Promise<'best' | 'last'> {
    if (!existsSync(join(this.path, 'summary.json'))) return 'last';
    const summary = (await this.#readJson('summary.json')) as Partial<TrainSummary>;
    return summary.restoredEpoch === undefined ? 'last' : 'best';
  }

  get modelFolder(): string {
    return join(this.path, 'model');
  }

  async readConfig(): Promise<unknown> {
    return this.#readJson('config.json');
  }

  /**
   * The network as it was trained, in tfjs's form: a run goes on, and is evaluated, without the files it was made from.
   *
   * @returns SHA-256 of the file.
   */
  async writeArchitecture(model: LayersModel): Promise<string> {
    const text = JSON.stringify(model.toJSON(undefined, false));
    await writeFileAtomic(join(this.path, architectureName), [text]);
    return digestOf(text);
  }

  /** SHA-256 of the network's file; undefined when there is none. */
  async architectureDigest(): Promise<string | undefined> {
    const text = await readFile(join(this.path, architectureName)).catch(() => undefined);
    return text && digestOf(text);
  }

  /** Whether any epoch has been recorded. */
  async hasBegun(): Promise<boolean> {
    return ((await stat(join(this.path, 'metrics.jsonl')).catch(() => undefined))?.size ?? 0) > 0;
  }

  /** Removes what says that the run has ended, and with what. */
  async removeEnding(): Promise<void> {
    await rm(join(this.path, 'summary.json'), { force: true });
    await rm(this.modelFolder, { recursive: true, force: true });
  }

  /**
   * The run's network, its weights unspecified; undefined when the run has not written it.
   *
   * @throws ConvoyError `CONVOY_CHECKPOINT`, `CONVOY_MODEL` when the file is damaged.
   */
  async readArchitecture(): Promise<LayersModel | undefined> {
    const name = architectureName;
    if (!existsSync(join(this.path, name))) return undefined;
    return loadArchitecture(await this.#readJson(name), join(this.path, name));
  }

  /** The same as JSON. */
  async readArchitectureJson(): Promise<unknown> {
    return existsSync(join(this.path, architectureName)) ? this.#readJson(architectureName) : undefined;
  }

  async writeConfig(config: unknown): Promise<void> {
    await writeFileAtomic(join(this.path, 'config.json'), [`${JSON.stringify(config, undefined, 2)}\n`]);
  }

  async writeBadImages(images: readonly { readonly file: string; readonly reason: string }[]): Promise<void> {
    await writeFileAtomic(join(this.path, 'bad-images.json'), [`${JSON.stringify(images, undefined, 2)}\n`]);
  }

  async writeSummary(summary: TrainSummary): Promise<void> {
    await writeFileAtomic(join(this.path, 'summary.json'), [`${JSON.stringify(summary, undefined, 2)}\n`]);
  }

  /** Appends one epoch to `metrics.jsonl`. */
  async appendMetrics(record: EpochRecord): Promise<void> {
    const path = join(this.path, 'metrics.jsonl');
    const { size } = await stat(path).catch(() => ({ size: 0 }));
    try {
      await appendFile(path, `${JSON.stringify(record)}\n`);
    } catch (error) {
      await truncate(path, size).catch(() => undefined); // no half line; the error to tell is the first one
      throw diskError(path, error);
    }
  }

  /** Rewrites `metrics.jsonl` from a checkpoint's history: epochs after it are done again. */
  async rewriteMetrics(history: readonly EpochRecord[]): Promise<void> {
    await writeFileAtomic(
      join(this.path, 'metrics.jsonl'),
      history.map((record) => `${JSON.stringify(record)}\n`),
    );
  }

  async #readJson(name: string): Promise<unknown> {
    const path = join(this.path, name);
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch (error) {
      throw fileError('CONVOY_CHECKPOINT', path, '', 'a file of a convoy run', (error as Error).message, error);
    }
    try {
      return JSON.parse(text) as unknown;
    } catch (error) {
      throw new ConvoyError(
        'CONVOY_CHECKPOINT',
        `${path}: expected JSON but found ${(error as Error).message}`,
        { file: path },
        error,
      );
    }
  }
}

function digestOf(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
