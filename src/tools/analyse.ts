import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { activationGrid, filterGrid, layerOutputs, type Points, pca, tsne } from '../analysis/index.js';
import { diskError, writeFileAtomic } from '../base/atomic-file.js';
import { ConvoyError, combinationError, valueError } from '../base/errors.js';
import { type LayersModel, type Tensor, tf } from '../base/tf.js';
import { type Analysis, analyses, type Dataset, imageBytes } from '../contracts/index.js';
import { BatchFeeder, readWeights } from '../coordinator/index.js';
import { drawByClass } from '../data/index.js';
import { decodeImageFile } from '../images/index.js';
import { slotNames } from '../memory/index.js';
import { setWeights } from '../models/index.js';
import { scatterChart } from '../plots/index.js';
import type { Runtime } from '../runtime/index.js';
import { splitHead } from '../transfer/index.js';

export interface AnalyseOptions {
  /** From `openRunRuntime`; the caller closes it. */
  readonly runtime: Runtime;
  /** Folder for the pictures, made if it is not there. */
  readonly folder: string;
  /** All of them by default. */
  readonly only?: readonly Analysis[] | undefined;
  /** Image file whose activations are drawn; the first test image by default. */
  readonly image?: string | undefined;
  /** Layers whose activations are drawn; the first and the last convolution by default. */
  readonly layers?: readonly string[] | undefined;
  /** Test images whose features are drawn, by the seed, the same number of each class; 1000. t-SNE's time grows with the square. */
  readonly limit?: number | undefined;
}

/** Beyond this t-SNE's distances are mostly noise: it is given principal components (van der Maaten and Hinton 2008). */
const embeddedDimensions = 50;

/**
 * Draws what a network has learned: the filters of its first convolution, its activations for an image, and the features
 * before its head for images of the test set, projected by PCA and t-SNE.
 *
 * @returns the files written: `filters.png`, `image.png`, `activations-LAYER.png`, `pca` and `tsne` as `.svg` and `.png`.
 * @throws ConvoyError `CONVOY_OPTION` for a layer that the model does not have or that gives no maps, `CONVOY_MODEL` where
 *   filters are asked for and there is no convolution, `CONVOY_DATA`, `CONVOY_DISK`.
 */
export async function analyseRun({
  runtime,
  folder,
  only = analyses,
  image,
  layers,
  limit = 1000,
}: AnalyseOptions): Promise<string[]> {
  const { model, arena, layout, datasets } = runtime;
  const { shape } = datasets.test;
  setWeights(model, readWeights(arena, layout));
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw diskError(folder, error);
  });
  const files: string[] = [];
  const write = async (name: string, bytes: Uint8Array): Promise<void> => {
    await writeFileAtomic(join(folder, name), [bytes]);
    files.push(join(folder, name));
  };
  if (only.includes('filters')) await write('filters.png', await firstFilters(model));
  if (only.includes('activations')) {
    const pixels =
      image === undefined ? await testPixels(runtime, Uint32Array.of(0)) : new Uint8Array(imageBytes(shape));
    if (image !== undefined) await decodeImageFile(image, shape, pixels);
    const raw = { width: shape.width, height: shape.height, channels: shape.channels as 1 | 3 };
    await write('image.png', await sharp(pixels, { raw }).png().toBuffer());
    for (const layer of layers ?? endConvolutions(model)) {
      await write(`activations-${layer.replaceAll('/', '_')}.png`, await activations(runtime, layer, pixels));
    }
  }
  if (only.includes('pca') || only.includes('tsne')) {
    const { points, labels } = await testFeatures(runtime, limit);
    const draw = async (
      name: string,
      projection: Float64Array,
      title: string,
      axes: readonly [string, string],
    ): Promise<void> => {
      const chart = scatterChart({ points: projection, labels, names: datasets.test.classes, title, axes });
      for (const ending of ['svg', 'png']) {
        await chart.write(join(folder, `${name}.${ending}`));
        files.push(join(folder, `${name}.${ending}`));
      }
    };
    const about = `of ${points.count} test images' features`;
    if (only.includes('pca')) {
      const { projection, explainedVarianceRatio } = pca(points, 2);
      const axis = (index: number): string =>
        `component ${index + 1} (${(100 * (explainedVarianceRatio[index] ?? 0)).toFixed(1)}% of variance)`;
      await draw('pca', projection, `PCA ${about}`, [axis(0), axis(1)]);
    }
    if (only.includes('tsne')) await draw('tsne', tsne(compact(points)).embedding, `t-SNE ${about}`, ['', '']);
  }
  return files;
}

async function firstFilters(model: LayersModel): Promise<Buffer> {
  for (const layer of model.layers) {
    const kernel = layer.weights.find(({ shape }) => shape.length === 4);
    if (kernel === undefined) continue;
    const [height = 1, width = 1, inputs = 1, filters = 1] = kernel.shape.map((size) => size ?? 1);
    return filterGrid(kernel.read().dataSync(), [height, width, inputs, filters]);
  }
  throw new ConvoyError(
    'CONVOY_MODEL',
    `Expected a convolution in ${model.name} but found none; leave out its filters`,
  );
}

/** The first and the last convolution. */
function endConvolutions(model: LayersModel): string[] {
  const names = model.layers
    .filter(({ weights }) => weights.some(({ shape }) => shape.length === 4))
    .map(({ name }) => name);
  return [...new Set([...names.slice(0, 1), ...names.slice(-1)])];
}

async function activations({ model, spec }: Runtime, layer: string, pixels: Uint8Array): Promise<Buffer> {
  const maps = tf.tidy(() => layerOutputs(model, layer, networkInput(spec, pixels)));
  try {
    const [, height, width, channels] = maps.shape;
    if (maps.shape.length !== 4)
      throw valueError('--layer', 'a layer that gives maps of [height, width, channels]', layer);
    return await activationGrid(await maps.data(), [height ?? 1, width ?? 1, channels ?? 1]);
  } finally {
    maps.dispose();
  }
}

/** Pixels of any number of images as the network takes them; the caller owns the tensor. */
function networkInput({ image: { height, width, channels }, preprocess }: Runtime['spec'], pixels: Uint8Array): Tensor {
  return tf.tidy(() => {
    const images = tf.tensor(Float32Array.from(pixels), [
      pixels.length / (height * width * channels),
      height,
      width,
      channels,
    ]);
    return images.mul(tf.tensor1d([...preprocess.scale])).add(tf.tensor1d([...preprocess.offset]));
  });
}

/** Pixels of test images, one behind the other. */
async function testPixels(runtime: Runtime, samples: Uint32Array): Promise<Uint8Array> {
  const { datasets, arena, layout, evaluationSlots, evaluationStage } = runtime;
  const pixels = new Uint8Array(samples.length * layout.imageBytes);
  const stage = evaluationStage(datasets.test);
  const feeder = new BatchFeeder({
    stage,
    epoch: 0,
    order: samples,
    batchSize: layout.capacity,
    slots: evaluationSlots,
  });
  try {
    for (let batch = await feeder.next(); batch !== undefined; batch = await feeder.next()) {
      const bytes = arena.uint8(arena.slot(slotNames.pixels(batch.slot)), 0, batch.count * layout.imageBytes);
      pixels.set(bytes, batch.position * layout.imageBytes);
      feeder.release(batch);
    }
  } finally {
    await feeder.drain();
    await stage.close();
  }
  return pixels;
}

/** What the head is given, image after image. */
async function testFeatures(runtime: Runtime, limit: number): Promise<{ points: Points; labels: Int32Array }> {
  const { config, datasets, layout, model, spec } = runtime;
  const samples = drawByClass(datasets.test, limit, config.seed);
  const pixels = await testPixels(runtime, samples);
  const labels = Int32Array.from(samples, labelsOf(datasets.test));
  const { features } = splitHead(model);
  const dimensions = (features.outputs[0]?.shape ?? [])
    .slice(1)
    .reduce((product: number, size) => product * (size ?? 1), 1);
  const values = new Float32Array(samples.length * dimensions);
  const step = layout.capacity * layout.imageBytes;
  for (let start = 0; start < pixels.length; start += step) {
    const output = tf.tidy(() => features.predict(networkInput(spec, pixels.subarray(start, start + step))) as Tensor);
    values.set(await output.data(), (start / layout.imageBytes) * dimensions);
    output.dispose();
  }
  return { points: { values, count: samples.length, dimensions }, labels };
}

function labelsOf({ targets }: Dataset): (sample: number) => number {
  if (targets.kind !== 'classes')
    throw combinationError(
      '--only pca or tsne',
      'needs',
      'a dataset of one class per image; use --only filters,activations',
    );
  return (sample) => targets.labels[sample] ?? 0;
}

function compact(points: Points): Points {
  const components = Math.min(embeddedDimensions, points.count);
  if (points.dimensions <= components) return points;
  return { values: pca(points, components).projection, count: points.count, dimensions: components };
}
