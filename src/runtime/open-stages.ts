import {
  type AugmentStage,
  type CountSamples,
  createAugmentStage,
  createGatherStage,
} from '../../augment/stage/index.js';
import type { Patience } from '../base/answer-watch.js';
import type { BatchStage, Dataset, StepSpec } from '../contracts/index.js';
import type { BatchShare, Coordinator } from '../coordinator/index.js';
import { FrozenFeatures } from '../features/index.js';
import { availableCores, type Native } from '../native/index.js';
import type { SplitModel } from '../transfer/index.js';
import type { Runtime, RuntimeOptions } from './contract.js';
import type { RunMemory } from './open-memory.js';
import type { OpenedNetwork } from './open-network.js';
import type { RunSettings } from './tuned-settings.js';

export interface AugmentOptions {
  readonly network: Pick<OpenedNetwork, 'config'>;
  readonly train: Dataset;
  readonly memory: Pick<RunMemory, 'slots'>;
  readonly settings: Pick<RunSettings, 'augmentWorkers'>;
  readonly patience: Patience;
  /** In a cluster, what of each batch this process computes. */
  readonly share?: BatchShare | undefined;
}

/** The stage that augments training batches, where the configuration has transforms; threads start here. */
export async function openAugmentStage({
  network: { config },
  train,
  memory: { slots },
  settings: { augmentWorkers },
  patience,
  share,
}: AugmentOptions): Promise<AugmentStage | undefined> {
  if (config.augment === undefined || config.augment.length === 0) return undefined;
  return createAugmentStage({
    dataset: train,
    slots,
    transforms: config.augment,
    seed: config.seed,
    workers: augmentWorkers,
    cores: availableCores(),
    batchSize: config.batchSize,
    patience,
    counted: countSamples(share, config.batchSize),
  });
}

/** For stages that work in windows larger than a batch. */
function countSamples(share: BatchShare | undefined, batchSize: number): CountSamples | undefined {
  return share && ((samples, from, until) => share.counted({ samples, batchSize }, from, until));
}

export interface StagesOptions {
  readonly options: RuntimeOptions;
  readonly datasets: Runtime['datasets'];
  readonly spec: StepSpec;
  readonly native: Native;
  readonly memory: RunMemory;
  readonly settings: Pick<RunSettings, 'augmentWorkers'>;
  readonly coordinator: Coordinator;
  readonly augmented: AugmentStage | undefined;
  readonly patience: Patience;
  readonly parts?: SplitModel | undefined;
}

/** What fills batch slots: transforms, pixels as they are, or features of a frozen base. */
export interface Stages extends Pick<Runtime, 'stage' | 'prepare' | 'evaluationStage'> {
  close(): Promise<void>;
}

/** Opens the stages of a run; `augmented` is the training stage where there is one. */
export function openStages(opening: StagesOptions): Stages {
  const { datasets, spec, native, coordinator, augmented, parts, patience } = opening;
  const { arena, layout, slots, evaluationSlots: work } = opening.memory;
  const { augmentWorkers } = opening.settings;
  const { config, signal, onNote, onProgress } = opening.options;
  const decoders = augmentWorkers === 'auto' ? {} : { workers: augmentWorkers };
  const share = coordinator.companions && coordinator.share;
  const gather = (dataset: Dataset, batchSize: number): BatchStage =>
    createGatherStage({ dataset, slots, patience, ...decoders, counted: countSamples(share, batchSize) });
  const pixels = (dataset: Dataset): BatchStage => gather(dataset, layout.capacity);
  const shared = { arena, layout, spec, coordinator, slots, work, pixels, native, signal, onNote, onProgress };
  const features = parts && new FrozenFeatures({ ...shared, parts });
  const stage = augmented ?? features?.stage(datasets.train) ?? gather(datasets.train, config.batchSize);
  return {
    stage,
    prepare: async () => (await features?.prepare(datasets)) ?? 0,
    evaluationStage: (dataset) => features?.stage(dataset) ?? pixels(dataset),
    close: async () => {
      await Promise.all([stage.close(), features?.close()]);
    },
  };
}
