import { type AugmentStage, createAugmentStage, createGatherStage } from '../../augment/stage/index.js';
import type { Patience } from '../base/answer-watch.js';
import type { BatchStage, Dataset, StepSpec } from '../contracts/index.js';
import type { Coordinator } from '../coordinator/index.js';
import { FrozenFeatures } from '../features/index.js';
import { availableCores, type Native } from '../native/index.js';
import type { SplitModel } from '../transfer/index.js';
import type { Runtime, RuntimeOptions } from './contract.js';
import type { RunMemory } from './open-memory.js';
import type { OpenedNetwork } from './open-network.js';
import type { RunSettings } from './tuned-settings.js';

/** The stage that augments training batches, where the configuration has transforms; threads start here. */
export async function openAugmentStage(
  { config }: Pick<OpenedNetwork, 'config'>,
  train: Dataset,
  { slots }: Pick<RunMemory, 'slots'>,
  { augmentWorkers }: Pick<RunSettings, 'augmentWorkers'>,
  patience: Patience,
): Promise<AugmentStage | undefined> {
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
  });
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
  const { signal, onNote, onProgress } = opening.options;
  const decoders = augmentWorkers === 'auto' ? {} : { workers: augmentWorkers };
  const pixels = (dataset: Dataset): BatchStage => createGatherStage({ dataset, slots, patience, ...decoders });
  const shared = { arena, layout, spec, coordinator, slots, work, pixels, native, signal, onNote, onProgress };
  const features = parts && new FrozenFeatures({ ...shared, parts });
  const stage = augmented ?? features?.stage(datasets.train) ?? pixels(datasets.train);
  return {
    stage,
    prepare: async () => (await features?.prepare(datasets)) ?? 0,
    evaluationStage: (dataset) => features?.stage(dataset) ?? pixels(dataset),
    close: async () => {
      await Promise.all([stage.close(), features?.close()]);
    },
  };
}
