import { cp } from 'node:fs/promises';
import { basename } from 'node:path';
import { fileError, valueError } from '../base/errors.js';
import type { LayersModel, Tensor, Tensor4D } from '../base/tf.js';
import type { EpochRecord } from '../callbacks/index.js';
import type { RunConfig } from '../config/index.js';
import { type Dataset, isDataset, type LossSpec } from '../contracts/index.js';
import { loadArchitecture, modelParameters, setWeights } from '../models/index.js';
import { loadNative } from '../native/index.js';
import {
  type DetectionPrediction,
  type DetectOptions,
  type ImagesInput,
  type MaskPrediction,
  type PixelOptions,
  type Prediction,
  type PredictOptions,
  Predictor,
  type RebuiltImage,
} from '../predict/index.js';
import {
  exportLayersModel,
  lockName,
  RunFolder,
  type RunRecord,
  type TrainSummary,
  writeCheckpoint,
  writeRecord,
} from '../run/index.js';
import { openRuntime, type RuntimeOptions } from '../runtime/index.js';
import { normalizationOf } from '../transfer/index.js';
import { evaluateSplit, type Scores } from './evaluation.js';
import { needTask, type PredictingMethod } from './predicting.js';
import { needTrust } from './trust.js';

/** Everything that a trained run consists of, in memory. */
export interface RunContents {
  readonly config: RunConfig;
  readonly record: RunRecord;
  /** The network, in tfjs's JSON. */
  readonly architecture: unknown;
  /** The weights that the run ended with, in the order of `modelParameters`. */
  readonly weights: readonly Float32Array[];
  readonly history: readonly EpochRecord[];
  /** Undefined for a run that has not ended. */
  readonly summary?: TrainSummary;
  /** The run's folder, where it has one. */
  readonly folder?: string;
  /** Whether code that the configuration names may run: the module of its loss. */
  readonly trustCode: boolean;
}

/** How data are found again. */
export interface DataOptions extends Pick<RuntimeOptions, 'dataDir' | 'datasets' | 'onNote' | 'onProgress' | 'signal'> {
  /** Evaluate with code that a run's folder names, the module of its loss. Default: refuse. */
  readonly trustCode?: boolean | undefined;
}

/** A trained network with its classes and its history: predicts, evaluates, and is saved. Needs no training data. */
export class TrainedRun {
  /** A record for each epoch. */
  readonly history: readonly EpochRecord[];
  /** Class names in the order of the network's outputs. */
  readonly classes: readonly string[];
  readonly #contents: RunContents;
  readonly #data: DataOptions;
  /** The caller's model. Its weights are kept because a disposed model does not say that it is. */
  #lent: { readonly model: LayersModel; readonly weights: readonly Tensor[] } | undefined;
  #predictor: Promise<Predictor> | undefined;

  constructor(contents: RunContents, data: DataOptions = {}) {
    this.#contents = contents;
    this.#data = data;
    this.history = contents.history;
    this.classes = contents.record.classes;
  }

  /**
   * What the run came to.
   *
   * @throws ConvoyError `CONVOY_CHECKPOINT` for a run that has not ended.
   */
  get summary(): TrainSummary {
    const { summary, folder = 'the run' } = this.#contents;
    if (summary !== undefined) return summary;
    throw fileError('CONVOY_CHECKPOINT', folder, 'summary', 'a run that has ended', 'none; resume it to its end');
  }

  /** What the run was told, all defaults filled in. */
  get config(): RunConfig {
    return this.#contents.config;
  }

  /**
   * The network with its trained weights, for tfjs. It is yours: dispose it when you are done; the run keeps its own, and
   * gives a new one after that. Its input is preprocessed pixels: `record.preprocess`.
   */
  get model(): LayersModel {
    if (this.#lent === undefined || this.#lent.weights.some(({ isDisposed }) => isDisposed)) {
      const model = this.#open();
      this.#lent = { model, weights: model.getWeights() };
    }
    return this.#lent.model;
  }

  /** Classes, image size, preprocessing and versions, as `record.json` holds them. */
  get record(): RunRecord {
    return this.#contents.record;
  }

  /**
   * The most likely class of each image: files, or tensors or arrays of pixels. On this thread, without workers.
   *
   * @param options `{ white: 1 }` for pixels from 0 to 1; by default they are from 0 to 255. `testTimeAugment` averages the
   *   probabilities of several views of each image.
   *
   * @throws ConvoyError `CONVOY_DATA` for a file that cannot be decoded, `CONVOY_OPTION` for pixels of another size or range.
   */
  async predict(images: ImagesInput, options?: PredictOptions): Promise<Prediction[]> {
    this.#needTask('predict');
    this.#predictor ??= this.#openPredictor();
    return (await this.#predictor).predict(images, options);
  }

  /**
   * The masks of images: a class for each pixel, at the network's size. Of a run with masks.
   *
   * @throws ConvoyError as `predict`.
   */
  async segment(images: ImagesInput, options?: PixelOptions): Promise<MaskPrediction[]> {
    this.#needTask('segment');
    this.#predictor ??= this.#openPredictor();
    return (await this.#predictor).segment(images, options);
  }

  /**
   * The objects of images: boxes in pixels of the network's input, classes and scores. Of a run with boxes.
   *
   * @param options least score, largest overlap of two boxes of a class, and most objects of an image; and `white`.
   * @throws ConvoyError as `predict`.
   */
  async detect(images: ImagesInput, options?: DetectOptions): Promise<DetectionPrediction[]> {
    this.#needTask('detect');
    this.#predictor ??= this.#openPredictor();
    return (await this.#predictor).detect(images, options);
  }

  /**
   * Images as the network rebuilds them, with their errors. Of a run that rebuilds images.
   *
   * @throws ConvoyError as `predict`.
   */
  async reconstruct(images: ImagesInput, options?: PixelOptions): Promise<RebuiltImage[]> {
    this.#needTask('reconstruct');
    this.#predictor ??= this.#openPredictor();
    return (await this.#predictor).reconstruct(images, options);
  }

  #needTask(asked: PredictingMethod): void {
    needTask(this.#contents.record, asked);
  }

  /**
   * Images as the network takes them, [images, height, width, channels], for `gradCam` and its kin; the caller disposes it.
   *
   * @throws ConvoyError as `predict`.
   */
  async input(images: ImagesInput, options?: PixelOptions): Promise<Tensor4D> {
    this.#predictor ??= this.#openPredictor();
    return (await this.#predictor).input(images, options);
  }

  /**
   * Loss and accuracy over a dataset, on all workers.
   *
   * @param dataset default: the test split of the data that the run was trained on.
   * @throws ConvoyError `CONVOY_OPTION` where these data cannot be found again, or have other classes.
   */
  async evaluate(dataset?: Dataset): Promise<Scores> {
    const { config, record, weights } = this.#contents;
    needTrust(config, this.#contents.folder ?? record.dataset.name, this.#contents.trustCode);
    if (dataset === undefined && record.dataset.madeInCode && this.#data.datasets === undefined) {
      throw valueError('the dataset', `a dataset (the run's, ${record.dataset.name}, was made in code)`, dataset);
    }
    if (dataset !== undefined && !isDataset(dataset)) {
      throw valueError(
        'evaluate',
        'a dataset',
        dataset,
        'datasetFromArrays makes one, and openDataset two: give its test',
      );
    }
    if (dataset !== undefined && dataset.classes.join('\n') !== record.classes.join('\n')) {
      throw valueError('the dataset', `the run's classes: ${record.classes.join(', ')}`, dataset.classes);
    }
    if (this.#contents.folder !== undefined) needTrust(config, this.#contents.folder, this.#data.trustCode ?? false);
    const { augment: _, shards: __, intraOpThreads: ___, interOpThreads: ____, ...rest } = config;
    const datasets = dataset === undefined ? this.#data.datasets : { train: dataset, test: dataset };
    const model = this.#open();
    const runtime = await openRuntime({
      ...this.#data,
      config: { ...rest, normalize: normalizationOf(record.preprocess), sampler: { name: 'shuffle' } },
      model,
      weights,
      ...(datasets && { datasets }),
    }).finally(() => model.dispose()); // the runtime has its own
    try {
      const test = runtime.datasets.test;
      if (dataset === undefined && test.fingerprint !== record.dataset.test) {
        this.#data.onNote?.(`the test images of ${record.dataset.name} are others than when the run was trained`);
      }
      const { coordinator, arena, layout, evaluationSlots: slots } = runtime;
      const stage = runtime.evaluationStage(test);
      return await evaluateSplit({ stage, coordinator, arena, layout, slots, count: test.count }).finally(() =>
        stage.close(),
      );
    } finally {
      await runtime.close();
    }
  }

  /**
   * Writes the run into a new folder that stands alone: `openRun(folder)` gives it back without the data.
   *
   * @throws ConvoyError `CONVOY_OPTION` when the folder holds a run, `CONVOY_DISK` when it cannot be written.
   */
  async save(folder: string): Promise<void> {
    const { folder: source } = this.#contents;
    const target = await RunFolder.create(folder);
    try {
      if (source === undefined) await this.#write(target);
      else await cp(source, folder, { recursive: true, filter: (file) => basename(file) !== lockName });
    } finally {
      await target.close();
    }
  }

  async #write(target: RunFolder): Promise<void> {
    const { config, record, weights, history, summary } = this.#contents;
    const folder = target.path;
    const model = this.#open();
    try {
      await target.writeConfig(config);
      const architecture = await target.writeArchitecture(model);
      await writeRecord(folder, record);
      await target.rewriteMetrics(history);
      await writeCheckpoint(target.checkpoint('last'), {
        config: JSON.stringify(config),
        fingerprint: record.dataset.train,
        testFingerprint: record.dataset.test,
        architecture,
        epoch: history.length,
        position: 0,
        step: history.at(-1)?.steps ?? 0,
        weights: modelParameters(model).map(({ spec: { name, shape } }, index) => ({
          name,
          shape,
          data: bytesOf(weights[index]),
        })),
        optimizer: [],
        state: JSON.stringify({
          batch: 0,
          history,
          learningRateScale: 1,
          seconds: summary?.seconds ?? 0,
          callbacks: {},
        }),
      });
      await exportLayersModel(model, weights, target.modelFolder);
      if (summary !== undefined) {
        const { restoredEpoch: _, ...rest } = summary; // the weights are in `last` here
        await target.writeSummary(rest);
      }
    } finally {
      model.dispose();
    }
  }

  async #openPredictor(): Promise<Predictor> {
    await loadNative();
    const { classes, image, preprocess, loss, testTimeFlip } = this.#contents.record;
    return new Predictor(this.#open(), { classes, image, preprocess, loss: loss as LossSpec, testTimeFlip });
  }

  #open(): LayersModel {
    const model = loadArchitecture(structuredClone(this.#contents.architecture), 'the network of the run');
    setWeights(model, this.#contents.weights);
    return model;
  }
}

function bytesOf(values: Float32Array | undefined): Uint8Array {
  return values === undefined ? new Uint8Array() : new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
