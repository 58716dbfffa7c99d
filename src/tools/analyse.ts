import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Points, pca, project } from '../analysis/index.js';
import { diskError, writeFileAtomic } from '../base/atomic-file.js';
import { combinationError } from '../base/errors.js';
import { type Tensor, tf } from '../base/tf.js';
import { type Analysis, analyses, type Dataset, imageBytes } from '../contracts/index.js';
import { readWeights } from '../coordinator/index.js';
import { drawByClass } from '../data/index.js';
import { decodeImageFile } from '../images/index.js';
import { setWeights } from '../models/index.js';
import type { Runtime } from '../runtime/index.js';
import { splitHead } from '../transfer/index.js';
import { activationMaps, convolutions, filters } from './layer-images.js';
import { type Neuron, neuronImages } from './neuron.js';
import { labelOf, picturesOf } from './sample-pictures.js';
import { networkInput, testPixels } from './test-images.js';

export interface AnalyseOptions {
  /** From `openRunRuntime`; the caller closes it. */
  readonly runtime: Runtime;
  /** Folder for the pictures, made if it is not there. */
  readonly folder: string;
  /** All of them by default; none by default where `neurons` are given. */
  readonly only?: readonly Analysis[] | undefined;
  /** Image file whose activations are drawn; the first test image by default. */
  readonly image?: string | undefined;
  /** Layers whose filters and activations are drawn; by default the first convolution, and the first and the last. */
  readonly layers?: readonly string[] | undefined;
  /** Test images whose features are drawn, by the seed, the same number of each class; 1000. t-SNE's time grows with the square. */
  readonly limit?: number | undefined;
  /** Channels whose most exciting test images are drawn. */
  readonly neurons?: readonly Neuron[] | undefined;
}

/** Pixels of the image whose activations are drawn. */
const shownSide = 256;

/**
 * Draws what a network has learned: the filters of its convolutions, its activations for an image, the features before its
 * head for images of the test set, projected by PCA and t-SNE, and the test images that excite a channel most.
 *
 * @returns the files written: `filters.png`, or `filters-LAYER.png` of the layers asked for; `image.png`,
 *   `activations-LAYER.png`, `pca` and `tsne` as `.svg` and `.png`, `neuron-LAYER-N.png`.
 * @throws ConvoyError `CONVOY_OPTION` for a layer or channel that the model does not have, or a layer without filters or
 *   maps, `CONVOY_MODEL` where there is no convolution, `CONVOY_DATA`, `CONVOY_DISK`.
 */
export async function analyseRun({
  runtime,
  folder,
  neurons = [],
  only = neurons.length === 0 ? analyses : [],
  image,
  layers,
  limit,
}: AnalyseOptions): Promise<string[]> {
  const { pictureGrid, scatterChart } = await import('../plots/index.js'); // its library takes most of a second to load
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
  if (only.includes('filters')) {
    const asked = only.length === 1 ? layers : layers?.filter((layer) => convolutions(model).includes(layer));
    if (layers === undefined) await write('filters.png', await filters(model));
    for (const layer of asked ?? []) await write(`filters-${fileName(layer)}.png`, await filters(model, layer));
  }
  if (only.includes('activations')) {
    const { pixels, title } = await shownImage(runtime, image);
    const input = tf.tidy(() => networkInput(runtime.spec, pixels));
    try {
      const pictures = picturesOf(pixels, { shape }, () => '');
      await write('image.png', await pictureGrid(pictures, { title, side: shownSide }));
      const ends = [...new Set([...convolutions(model).slice(0, 1), ...convolutions(model).slice(-1)])];
      for (const layer of layers ?? ends)
        await write(`activations-${fileName(layer)}.png`, await activationMaps(model, layer, input));
    } finally {
      input.dispose();
    }
  }
  for (const neuron of neurons) {
    const name = `neuron-${fileName(neuron.layer)}-${neuron.channel}.png`;
    await write(name, await neuronImages(runtime, neuron, limit));
  }
  if (only.includes('pca') || only.includes('tsne')) {
    const { points, labels } = await testFeatures(runtime, limit ?? 1000);
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
    if (only.includes('tsne')) await draw('tsne', await project(points, 'tsne'), `t-SNE ${about}`, ['', '']);
  }
  return files;
}

/** The image whose activations are drawn: a file, or the first of the test images. */
async function shownImage(
  runtime: Runtime,
  file: string | undefined,
): Promise<{ readonly pixels: Uint8Array; readonly title: string }> {
  const { test } = runtime.datasets;
  if (file === undefined) {
    const pixels = await testPixels(runtime, Uint32Array.of(0));
    return { pixels, title: `Test image: ${labelOf(test, 0)}` };
  }
  const pixels = new Uint8Array(imageBytes(test.shape));
  await decodeImageFile(file, test.shape, pixels);
  return { pixels, title: basename(file) };
}

/** A layer's name without what folders are named by. */
function fileName(layer: string): string {
  return layer.replaceAll(/[/\\]/g, '_');
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
