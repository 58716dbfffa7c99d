import { join } from 'node:path';
import { markUsed, trimCache } from '../base/cache-folder.js';
import { ConvoyError } from '../base/errors.js';
import type { BatchSlot, BatchStage, Dataset, StepSpec } from '../contracts/index.js';
import { type Coordinator, everyBatch } from '../coordinator/index.js';
import { cacheFolder, type DataProgress } from '../data/index.js';
import { type Arena, elements, type RunLayout, slotNames } from '../memory/index.js';
import { modelParameters } from '../models/index.js';
import type { Native } from '../native/index.js';
import type { SplitModel } from '../transfer/index.js';
import { type FeatureMaker, featureKey } from './identity.js';
import { type FeatureRows, fileSink, memorySink, openRows } from './rows.js';
import { createFeatureStage } from './stage.js';

/** Features of a split up to this many bytes are held in memory; of larger ones batches are read from the cache. */
export const featureMemoryBytes = 2 ** 30;

/** Bytes of features that the cache keeps. */
const keptBytes = 8 * 2 ** 30;

/** The splits of a run. */
export interface Splits {
  readonly train: Dataset;
  readonly test: Dataset;
  readonly validation?: Dataset;
}

/** Floats that the first part of a model gives for one sample. */
export function featureLength({ features }: Pick<SplitModel, 'features'>): number {
  return elements((features.outputs[0]?.shape ?? []).slice(1).map((size) => size ?? 1));
}

export interface FrozenFeaturesOptions {
  readonly arena: Arena;
  readonly layout: RunLayout;
  readonly spec: StepSpec;
  readonly coordinator: Coordinator;
  readonly slots: readonly BatchSlot[];
  /** Numbers of the slots in which features may be computed. */
  readonly work: readonly number[];
  /** A stage that fills slots with the pixels of a split. */
  readonly pixels: (dataset: Dataset) => BatchStage;
  readonly native: Pick<Native, 'tensorflowVersion' | 'kernels'>;
  /** The model in two. */
  readonly parts: Pick<SplitModel, 'features'>;
  /** Default: `featureMemoryBytes`. */
  readonly memoryBytes?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: DataProgress) => void) | undefined;
  readonly onNote?: ((note: string) => void) | undefined;
}

/**
 * What a frozen base makes of the images of a run: computed once by all workers, kept in the cache, and given to training
 * and evaluation in the place of pixels. The weights are those in the arena when `prepare` is called.
 */
export class FrozenFeatures {
  readonly #options: FrozenFeaturesOptions;
  readonly #length: number;
  readonly #rows = new Map<Dataset, FeatureRows>();

  constructor(options: FrozenFeaturesOptions) {
    this.#options = options;
    this.#length = featureLength(options.parts);
  }

  /**
   * Reads the features of splits from the cache, or computes them.
   *
   * @returns seconds.
   * @throws ConvoyError `CONVOY_ABORTED`; `CONVOY_DATA` for a bad image; `CONVOY_DISK` when they do not fit into memory and
   *   the cache cannot take them.
   */
  async prepare({ train, test, validation }: Splits): Promise<number> {
    const datasets = [train, test, ...(validation === undefined ? [] : [validation])];
    const started = performance.now();
    await this.close();
    const folder = join(cacheFolder(), 'features');
    let computed = 0;
    for (const dataset of datasets) {
      const file = join(folder, `${await featureKey(dataset, this.#maker())}.rows`);
      const shape = { count: dataset.count, length: this.#length };
      const inMemory = shape.count * shape.length * 4 <= (this.#options.memoryBytes ?? featureMemoryBytes);
      let rows = await openRows(file, shape, inMemory);
      const { companions } = this.#options.coordinator;
      // Ranks compute them together.
      if (companions !== undefined && !(await companions.everywhere(rows !== undefined))) {
        await rows?.close();
        rows = undefined;
      }
      if (rows === undefined) {
        rows = await this.#compute(dataset, file, inMemory);
        computed += dataset.count;
      }
      await markUsed(file);
      this.#rows.set(dataset, rows);
    }
    if (computed > 0) await trimCache(folder, keptBytes);
    const seconds = (performance.now() - started) / 1000;
    const all = datasets.reduce((sum, { count }) => sum + count, 0);
    const how =
      computed === 0
        ? 'read from the cache'
        : `computed once${computed < all ? ` (${all - computed} read from the cache)` : ''}`;
    this.#options.onNote?.(
      `the base is frozen: its ${this.#length} features of ${all} images were ${how} in ${seconds.toFixed(1)} s`,
    );
    return seconds;
  }

  /**
   * A stage that fills slots with a split's features and targets.
   *
   * @throws TypeError before `prepare`.
   */
  stage(dataset: Dataset): BatchStage {
    const rows = (): FeatureRows => {
      const found = this.#rows.get(dataset);
      if (found === undefined) throw new TypeError(`features of the ${dataset.split} split were not prepared`);
      return found;
    };
    return createFeatureStage(dataset, rows, this.#options.slots);
  }

  async close(): Promise<void> {
    for (const rows of this.#rows.values()) await rows.close();
    this.#rows.clear();
  }

  #maker(): FeatureMaker {
    const { arena, layout, spec, native, parts } = this.#options;
    const slot = arena.slot(slotNames.weights);
    const names = new Set(modelParameters(parts.features).map((parameter) => parameter.spec.name));
    const weights = layout.parameters
      .filter(({ name }) => names.has(name))
      .map(({ offset, length }) => arena.float32(slot, offset, length));
    const architecture: unknown = parts.features.toJSON(undefined, false);
    return {
      architecture,
      weights,
      spec,
      layout,
      tensorflowVersion: native.tensorflowVersion,
      kernels: native.kernels.ops,
    };
  }

  async #compute(dataset: Dataset, file: string, inMemory: boolean): Promise<FeatureRows> {
    const { layout, coordinator, work: slots, pixels, signal, onProgress } = this.#options;
    const shape = { count: dataset.count, length: this.#length };
    const sink = inMemory ? memorySink(file, shape) : await fileSink(file, shape);
    const stage = pixels(dataset);
    const progress = (done: number): void => {
      onProgress?.({
        what: `computing features of ${dataset.split} images`,
        done,
        total: dataset.count,
        unit: 'images',
      });
    };
    try {
      progress(0);
      await everyBatch({
        stage,
        slots,
        count: dataset.count,
        capacity: layout.capacity,
        share: coordinator.share,
        onBatch: progress,
        signal,
        work: async (batch) => sink.put(batch.position, await coordinator.features(batch)),
      });
      return await sink.finish();
    } catch (error) {
      await sink.abandon();
      if (signal?.aborted !== true) throw error;
      throw new ConvoyError(
        'CONVOY_ABORTED',
        `Stopped while features of ${dataset.split} images were computed`,
        {},
        error,
      );
    } finally {
      await stage.close();
    }
  }
}
