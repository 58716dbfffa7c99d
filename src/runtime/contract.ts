import type { AugmentStage } from '../../augment/stage/index.js';
import type { LayersModel } from '../base/tf.js';
import type { RunConfig, SettledConfig } from '../config/index.js';
import type { BatchStage, Dataset, StepSpec } from '../contracts/index.js';
import type { ClusterRun, Coordinator, GradientPool } from '../coordinator/index.js';
import type { DataProgress } from '../data/index.js';
import type { Arena, RunLayout } from '../memory/index.js';
import type { Native } from '../native/index.js';
import type { Optimizer } from '../optimizers/index.js';
import type { Schedule } from '../schedules/index.js';

/** The splits of a dataset, as `openDataset` gives them. */
export interface Datasets {
  readonly train: Dataset;
  readonly test: Dataset;
  readonly validation?: Dataset;
  /** Of a fold: places of the validation samples among the training samples before it was held out. */
  readonly validationIndices?: Uint32Array;
  /** Images that were left out because of `onBadImage: 'skip'`. */
  readonly badImages?: readonly { readonly file: string; readonly reason: string }[];
}

/** What a person may give beside a configuration. */
export interface RuntimeOptions {
  readonly config: RunConfig;
  readonly dataDir?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told what a user should know but need not act on: fallbacks, choices made. */
  readonly onNote?: ((note: string) => void) | undefined;
  readonly onProgress?: ((progress: DataProgress) => void) | undefined;
  /** A model made in code instead of `config.model`. */
  readonly model?: LayersModel | undefined;
  /** Values to start from, in the order of `modelParameters`; default: drawn from the seed. */
  readonly weights?: readonly Float32Array[] | undefined;
  /** Data made in code instead of `config.dataset`. */
  readonly datasets?: Datasets | undefined;
}

/** What the rooms above give; not part of the public API. */
export interface RuntimeInternals {
  /** The network of an earlier run, whose weights the caller restores; undefined to make it from `config`. */
  readonly recorded?: () => Promise<LayersModel | undefined>;
  /** Called with the data before a model is made for them; what it throws ends the opening. */
  readonly onData?: (datasets: Datasets) => void;
  /** Epochs that the schedule lasts; default: all. */
  readonly scheduledEpochs?: number;
  /** Whether features of a frozen base may replace pixels, where `prepare` computes them; default: no. */
  readonly cacheFeatures?: boolean;
  /** convoy's ops that the compiled engine may use; default: all that are built. */
  readonly kernels?: readonly string[];
  /** The other processes of a training on many machines. */
  readonly cluster?: ClusterRun | undefined;
  /** Another worker module, for tests of failing workers. */
  readonly workerFile?: URL;
}

/** Everything a run needs while it runs; made by `openRuntime`, ended by `close`. */
export interface Runtime {
  /** The given one, with the precision settled and the normalization that a base expects. */
  readonly config: SettledConfig;
  readonly datasets: Datasets;
  readonly model: LayersModel;
  readonly native: Native;
  readonly spec: StepSpec;
  readonly layout: RunLayout;
  readonly arena: Arena;
  readonly workers: number;
  readonly augmentWorkers: number | 'auto';
  readonly shards: number;
  readonly engine: 'eager' | 'compiled';
  readonly optimizer: Optimizer;
  readonly schedule: Schedule;
  readonly pool: GradientPool;
  readonly coordinator: Coordinator;
  /** Fills the training batches, which lie in `trainSlots`. */
  readonly stage: BatchStage & Partial<AugmentStage>;
  readonly trainSlots: readonly number[];
  /** The samples of an epoch, where a sampler draws them; undefined: all of them, shuffled. */
  readonly order: ((epoch: number) => Uint32Array) | undefined;
  readonly evaluationSlots: readonly number[];
  /**
   * Computes what training needs besides weights: features of a frozen base, once the weights are in the arena.
   *
   * @returns seconds, 0 where there is nothing to compute.
   */
  prepare(): Promise<number>;
  /** A stage over another split, without transforms. */
  evaluationStage(dataset: Dataset): BatchStage;
  /** Closes everything; further calls do nothing. */
  close(): Promise<void>;
}
