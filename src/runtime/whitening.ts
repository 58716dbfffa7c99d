import { createGatherStage } from '../../augment/stage/index.js';
import { symmetricEigen } from '../analysis/index.js';
import { ConvoyError } from '../base/errors.js';
import type { LayersModel } from '../base/tf.js';
import type { Dataset, ImageShape, Preprocess } from '../contracts/index.js';
import { Whitening } from '../layers/index.js';
import { initialWeights, layersByPath, modelParameters } from '../models/index.js';

type Layer = LayersModel['layers'][number];

/** Patches that are looked at, at most, in whole images: two thousand of 32x32; 12 axes need far fewer. */
const mostPatches = 2_000_000;

/**
 * Share of the mean eigenvalue that is added to each, so that axes along which images hardly differ (JPEG's chroma) are
 * not blown up to noise: that of Jordan 2024, "94% on CIFAR-10 in 3.29 seconds on a single GPU", on pixels of variance 1.
 */
const usualDamping = 5e-4;

/**
 * Weights that a new training starts from: drawn from the seed (`initialWeights`), and for a convolution with the
 * initialiser `Whitening` computed from training images. A function of seed, model and data.
 *
 * @param preprocess how pixels become the network's input.
 * @throws ConvoyError `CONVOY_MODEL` when a whitening convolution is not right behind the input, or has more filters than
 *   there are axes and their negatives; `CONVOY_DATA` for images that cannot be read or do not differ.
 */
export async function startWeights(
  model: LayersModel,
  seed: number,
  train: Dataset,
  preprocess: Preprocess,
): Promise<Float32Array[]> {
  const weights: Float32Array[] = initialWeights(model, seed);
  const layers = layersByPath(model);
  const parameters = modelParameters(model).map(({ spec }) => spec);
  for (const [index, { name, layer: path, shape }] of parameters.entries()) {
    const layer = layers.get(path);
    if (layer === undefined || name !== `${path}/kernel` || !isWhitening(layer)) continue;
    const [height = 1, width = 1, channels = 1, filters = 1] = shape;
    if (!model.inputs.some(({ name: input }) => input === inputOf(layer))) {
      throw refusal(path, 'it right behind the input', `it behind ${inputOf(layer)}`);
    }
    const most = 2 * height * width * channels;
    if (filters > most)
      throw refusal(path, `at most ${most} filters, each axis of its patches and the negatives,`, `${filters}`);
    const statistics = await patchStatistics(train, { height, width, channels }, preprocess);
    const { kernel, bias } = whiteningFilters(statistics, filters);
    weights[index] = kernel;
    const beside = parameters.findIndex((other) => other.name === `${path}/bias`);
    if (beside >= 0) weights[beside] = bias;
  }
  return weights;
}

function isWhitening(layer: Layer): boolean {
  const config: Record<string, unknown> = layer.getConfig();
  const initializer = config['kernelInitializer'];
  return (
    typeof initializer === 'object' &&
    initializer !== null &&
    'className' in initializer &&
    initializer.className === Whitening.className
  );
}

function inputOf(layer: Layer): string {
  return Array.isArray(layer.input) ? layer.input.map(({ name }) => name).join(', ') : layer.input.name;
}

function refusal(place: string, expected: string, found: string): ConvoyError {
  return new ConvoyError('CONVOY_MODEL', `Whitening convolution ${place}: expected ${expected} but found ${found}`, {
    place,
  });
}

/** Mean and covariance of patches as the network's input. */
export interface PatchStatistics {
  /** A patch is [height, width, channels], flat. */
  readonly mean: Float64Array;
  /** [size, size]; divided by the number of patches. */
  readonly covariance: Float64Array;
}

/**
 * Mean and covariance of all patches of a size in images spread evenly over a dataset.
 *
 * @throws ConvoyError `CONVOY_DATA` for an image that cannot be read.
 */
export async function patchStatistics(
  dataset: Dataset,
  patch: ImageShape,
  { scale, offset }: Preprocess,
): Promise<PatchStatistics> {
  const { height, width, channels } = dataset.shape;
  const [rows, columns] = [height - patch.height + 1, width - patch.width + 1];
  const images = Math.max(1, Math.min(dataset.count, Math.floor(mostPatches / (rows * columns))));
  const pixels = await imagesOf(dataset, images);
  const size = patch.height * patch.width * channels;
  const places = Array.from({ length: size }, (_, i) => {
    const cell = Math.floor(i / channels);
    return (Math.floor(cell / patch.width) * width + (cell % patch.width)) * channels + (i % channels);
  });
  // Sums of whole numbers below 2^53: exact, whatever the order.
  const sums = new Float64Array(size);
  const products = new Float64Array(size * size);
  const values = new Float64Array(size);
  for (let image = 0; image < images; image++) {
    for (let row = 0; row < rows; row++) {
      for (let column = 0; column < columns; column++) {
        const corner = ((image * height + row) * width + column) * channels;
        for (let i = 0; i < size; i++) values[i] = pixels[corner + (places[i] as number)] as number;
        for (let i = 0; i < size; i++) {
          const value = values[i] as number;
          sums[i] = (sums[i] as number) + value;
          for (let j = 0; j <= i; j++)
            products[i * size + j] = (products[i * size + j] as number) + value * (values[j] as number);
        }
      }
    }
  }
  const count = images * rows * columns;
  const factor = (i: number): number => scale[i % channels] as number;
  const average = sums.map((sum) => sum / count);
  return {
    mean: average.map((value, i) => value * factor(i) + (offset[i % channels] as number)),
    covariance: products.map((_, at) => {
      const [i, j] = [Math.floor(at / size), at % size];
      const product = (products[Math.max(i, j) * size + Math.min(i, j)] as number) / count;
      return (product - (average[i] as number) * (average[j] as number)) * factor(i) * factor(j);
    }),
  };
}

/** The pixels of some images spread evenly over a dataset, whose files may be in the order of classes. */
async function imagesOf(dataset: Dataset, images: number): Promise<Uint8Array> {
  const { count, shape } = dataset;
  const samples = Uint32Array.from({ length: images }, (_, i) => Math.floor((i * count) / images));
  const pixels = new Uint8Array(new SharedArrayBuffer(images * shape.height * shape.width * shape.channels));
  const stage = createGatherStage({ dataset: { ...dataset, targets: { kind: 'pixels' } }, slots: [{ pixels }] });
  try {
    stage.begin(0, samples, 0);
    await stage.fill({ epoch: 0, position: 0, samples, slot: 0 });
  } finally {
    await stage.close();
  }
  return pixels;
}

/**
 * Filters that give a patch along the axes of the covariance, largest variance first, shifted and scaled to mean 0 and
 * variance 1 (less where `damping` counts), and then the negatives of these.
 *
 * @param damping share of the mean eigenvalue that is added to each.
 * @returns the kernel [size, filters] and the bias [filters].
 * @throws ConvoyError `CONVOY_DATA` when nothing differs between the patches.
 */
export function whiteningFilters(
  { mean, covariance }: PatchStatistics,
  filters: number,
  damping = usualDamping,
): { kernel: Float32Array; bias: Float32Array } {
  const size = mean.length;
  const { values, vectors } = symmetricEigen(covariance, size);
  const added = (damping * values.reduce((sum, value) => sum + value, 0)) / size;
  const scales = values.map((value) => 1 / Math.sqrt(value + added));
  if (!scales.every(Number.isFinite)) {
    throw new ConvoyError(
      'CONVOY_DATA',
      'Expected training images that differ, to whiten their patches, but found none',
    );
  }
  const kernel = new Float32Array(size * filters);
  const bias = new Float32Array(filters);
  for (let filter = 0; filter < filters; filter++) {
    const axis = vectors[filter % size] as Float64Array;
    const factor = (scales[filter % size] as number) * (filter < size ? 1 : -1);
    let shift = 0;
    for (let i = 0; i < size; i++) {
      const weight = factor * (axis[i] as number);
      kernel[i * filters + filter] = weight;
      shift += weight * (mean[i] as number);
    }
    bias[filter] = -shift;
  }
  return { kernel, bias };
}
