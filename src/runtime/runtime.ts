import { type AugmentStage, createAugmentStage, createGatherStage, dropBadImages } from '../../augment/stage/index.js';
import { optionError } from '../base/errors.js';
import type { LayersModel } from '../base/tf.js';
import { baseLearningRate, type RunConfig, type SettledConfig } from '../config/index.js';
import type { BatchStage, Dataset, StepSpec } from '../contracts/index.js';
import {
  batchSlot,
  Coordinator,
  GradientPool,
  initializeState,
  lookingTime,
  sliceCount,
  stepRegions,
  writeWeights,
} from '../coordinator/index.js';
import { type DataProgress, openDataset } from '../data/index.js';
import { FrozenFeatures, featureLength } from '../features/index.js';
import { type Arena, createRunArena, planLayout, type RunLayout, trainablePlaces } from '../memory/index.js';
import { modelParameters, outputLength, takesRawPixels } from '../models/index.js';
import { availableCores, loadNative, type Native } from '../native/index.js';
import { blockFloats, createOptimizer, type Optimizer } from '../optimizers/index.js';
import { createSchedule, type Schedule } from '../schedules/index.js';
import { normalizationOf } from '../transfer/index.js';
import { openModel } from './base-model.js';
import { engineSource, settlePrecision, shardRows } from './engine-source.js';
import { preprocessOf, stepSpec } from './step-spec.js';
import { settleSettings } from './tuned-settings.js';
import { startWeights } from './whitening.js';

/** The splits of a dataset, as `openDataset` gives them. */
export interface Datasets {
  readonly train: Dataset;
  readonly test: Dataset;
  readonly validation?: Dataset;
  /** Images that were left out because of `onBadImage: 'skip'`. */
  readonly badImages?: readonly { readonly file: string; readonly reason: string }[];
}

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
  /** The network of an earlier run, whose weights the caller restores; undefined to make it from `config`. */
  readonly recorded?: (() => Promise<LayersModel | undefined>) | undefined;
  /** Epochs that the schedule lasts; default: all. */
  readonly scheduledEpochs?: number | undefined;
  /** Data made in code instead of `config.dataset`. */
  readonly datasets?: Datasets | undefined;
  /** Whether features of a frozen base may stand for pixels, where `prepare` computes them; default: no. */
  readonly cacheFeatures?: boolean | undefined;
  /** Another worker module, for tests of failing workers. */
  readonly workerFile?: URL | undefined;
}

/** Everything a run needs while it runs; made by `openRuntime`, ended by `close`. */
export interface Runtime {
  /** As it was given, but for the precision and what a base expects of pixels. */
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
  /** Fills training batches; slots `trainSlots` are its. */
  readonly stage: BatchStage & Partial<AugmentStage>;
  readonly trainSlots: readonly number[];
  readonly evaluationSlots: readonly number[];
  /**
   * Computes what training needs besides weights: features of a frozen base, once the weights are in the arena.
   *
   * @returns seconds, 0 where there is nothing to compute.
   */
  prepare(): Promise<number>;
  /** A stage over another split without transforms. */
  evaluationStage(dataset: Dataset): BatchStage;
  /** Once, however often it is called. */
  close(): Promise<void>;
}

/** Samples a batch of evaluation has at least: small training batches would leave workers waiting. */
const evaluationBatch = 256;
/** Bytes of pixels in an evaluation slot at most. */
const evaluationBytes = 64 * 2 ** 20;
/** Samples that the augmentation stage may be ahead: its mosaics are full from about this many. */
const augmentLead = 1024;
/** Bytes of pixels that it may be ahead, where images are so large that a thousand are more. */
const augmentLeadBytes = 512 * 2 ** 20;
/** Evaluation batches in flight: one computing, one being filled, one being read. */
const evaluationSlotCount = 3;

/**
 * Opens data, model, memory, workers and stages of a run.
 *
 * @throws ConvoyError for whatever cannot be opened; nothing is left running.
 */
export async function openRuntime(options: RuntimeOptions): Promise<Runtime> {
  const { workers, shards, augmentWorkers, threads, tuned } = await settleSettings(
    options.config,
    options.model === undefined && options.datasets === undefined,
  );
  if (tuned) options.onNote?.(`${workers} workers, ${shards} shards and their threads as convoy tune found them`);
  const native = await loadNative(threads);
  const datasets = options.datasets ?? (await openData(options));
  const { train } = datasets;
  const { model, weights, normalize = usualNormalize(model, train) } = await modelOf(options, train);
  const config = { ...options.config, normalize, precision: settlePrecision(options.config, model) };
  if (shards > train.count) throw optionError('shards', `at most the ${train.count} training samples`, shards);

  const spec = stepSpec(config, model, train);
  const { source, parts } = await engineSource({ ...options, config, native, model, spec, shards });
  const parameters = modelParameters(model).map((parameter) => parameter.spec);
  const imageBytes = train.shape.height * train.shape.width * train.shape.channels;
  const capacity = Math.max(config.batchSize, Math.min(evaluationBatch, Math.floor(evaluationBytes / imageBytes)));
  const augments = config.augment !== undefined && config.augment.length > 0;
  const staged = augments || (train.store.kind === 'files' && parts === undefined);
  const lead = Math.min(augmentLead, augmentLeadBytes / imageBytes);
  const trainSlotCount = staged ? Math.max(3, Math.ceil(lead / config.batchSize) + 2) : 2;
  const factors = source.kind === 'compiled' ? source.graph.products : [];
  const optimizer = createOptimizer(config.optimizer, trainablePlaces(parameters, factors));
  const layout = planLayout({
    parameters,
    shards,
    slots: trainSlotCount + evaluationSlotCount,
    capacity,
    training: { slots: trainSlotCount, capacity: config.batchSize },
    imageBytes,
    ...(parts && { featureLength: featureLength(parts) }),
    classes: spec.classes,
    targets: spec.targets,
    outputLength: outputLength(model),
    optimizerStates: optimizer.stateNames,
    factors,
    shardRows: shardRows(config.batchSize, shards),
  });
  const slices = sliceCount(layout, workers, availableCores());
  const arena = createRunArena(layout, {
    blocks: Math.max(slices.count, Math.min(workers, shards)),
    floats: blockFloats,
  });
  if (weights !== undefined) writeWeights(arena, layout, weights);
  initializeState(arena, layout, optimizer);

  const kernel = optimizer.bind(arena.memory, stepRegions(arena, layout));
  const slots = Array.from({ length: layout.slots }, (_, slot) => batchSlot(arena, layout, slot));
  const stepsPerEpoch = Math.ceil(Math.ceil(train.count / config.batchSize) / config.accumulate);
  const schedule = createSchedule(config.schedule, {
    baseLearningRate: baseLearningRate(config),
    totalSteps: stepsPerEpoch * (options.scheduledEpochs ?? config.epochs),
    stepsPerEpoch,
  });
  // Threads come last: nothing is left running by what goes wrong before.
  const augmented = augments
    ? await createAugmentStage({
        dataset: train,
        slots,
        transforms: config.augment ?? [],
        seed: config.seed,
        workers: augmentWorkers,
        cores: availableCores(),
        batchSize: config.batchSize,
      })
    : undefined;
  const pool = new GradientPool({
    workers,
    setup: {
      arena: arena.handle,
      layout,
      spec,
      seed: config.seed,
      engine: source,
      kernel: kernel.describe(),
      looking: lookingTime(workers + (staged ? 1 : 0), availableCores()),
    },
    onRetry: (task, error) =>
      options.onNote?.(`a worker failed on a ${task.kind} task, which is done again: ${error.message}`),
    ...(options.workerFile === undefined ? {} : { workerFile: options.workerFile }),
  });
  const coordinator = new Coordinator({ arena, layout, pool, kernel, slices });
  const all = Array.from({ length: layout.slots }, (_, slot) => slot);
  const evaluationSlots = all.slice(trainSlotCount);
  const decoders = augmentWorkers === 'auto' ? {} : { workers: augmentWorkers };
  const pixels = (dataset: Dataset): BatchStage => createGatherStage({ dataset, slots, ...decoders });
  const { signal, onNote, onProgress } = options;
  const features =
    parts &&
    new FrozenFeatures({
      arena,
      layout,
      spec,
      coordinator,
      slots,
      work: evaluationSlots,
      pixels,
      parts,
      native,
      signal,
      onNote,
      onProgress,
    });
  const stage = augmented ?? features?.stage(train) ?? pixels(train);
  let closed: Promise<void> | undefined;
  return {
    config,
    datasets,
    model,
    native,
    spec,
    layout,
    arena,
    workers,
    augmentWorkers,
    shards,
    engine: source.kind,
    optimizer,
    schedule,
    pool,
    coordinator,
    stage,
    trainSlots: all.slice(0, trainSlotCount),
    evaluationSlots,
    prepare: async () => (await features?.prepare(datasets)) ?? 0,
    evaluationStage: (dataset) => features?.stage(dataset) ?? pixels(dataset),
    close: () =>
      (closed ??= Promise.all([stage.close(), pool.close(), features?.close()]).then(() => void model.dispose())),
  };
}

/** What is done to pixels where neither the configuration nor a base says: nothing where the model rescales them itself. */
function usualNormalize(model: LayersModel, { shape: { channels } }: Dataset): RunConfig['normalize'] {
  if (!takesRawPixels(model)) return 'unit';
  const each = (value: number): number[] => new Array<number>(channels).fill(value);
  return normalizationOf({ scale: each(1), offset: each(0) });
}

/** The model given in code, the recorded one, or the configuration's. */
async function modelOf(
  options: RuntimeOptions,
  train: Dataset,
): Promise<{ model: LayersModel; weights?: readonly Float32Array[]; normalize: RunConfig['normalize'] }> {
  const { config, model } = options;
  if (model !== undefined) {
    const weights =
      options.weights ?? (await startWeights(model, config.seed, train, preprocessOf(config, train.shape.channels)));
    return { model, weights, normalize: config.normalize };
  }
  const recorded = await options.recorded?.();
  if (recorded !== undefined) return { model: recorded, normalize: config.normalize };
  const opened = await openModel(options, train);
  return { normalize: config.normalize, ...opened, ...(options.weights && { weights: options.weights }) };
}

async function openData({ config, dataDir, signal, onNote, onProgress }: RuntimeOptions): Promise<Datasets> {
  const opened = await openDataset({
    name: config.dataset,
    seed: config.seed,
    validationSplit: config.validationSplit,
    onBadImage: config.onBadImage,
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(config.classes === undefined ? {} : { classes: config.classes }),
    ...(config.limit === undefined ? {} : { limit: config.limit }),
    ...(config.imageSize === undefined ? {} : { imageSize: config.imageSize }),
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  const badImages = [...opened.badImages];
  const usable = async (dataset: Dataset): Promise<Dataset> => {
    if (config.onBadImage === 'fail') return dataset;
    const checked = await dropBadImages(dataset);
    badImages.push(...checked.bad.map(({ file, reason }) => ({ file, reason })));
    return checked.dataset;
  };
  const datasets = {
    train: await usable(opened.train),
    test: await usable(opened.test),
    ...(opened.validation && { validation: await usable(opened.validation) }),
    badImages,
  };
  for (const { file, reason } of badImages) onNote?.(`skipped ${file}: ${reason}`);
  return datasets;
}
