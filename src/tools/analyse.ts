import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { diskError, writeFileAtomic } from '../base/atomic-file.js';
import { tf } from '../base/tf.js';
import { type Analysis, analyses, imageBytes } from '../contracts/index.js';
import { readWeights } from '../coordinator/index.js';
import { decodeImageFile } from '../images/index.js';
import { setWeights } from '../models/index.js';
import type { Runtime } from '../runtime/index.js';
import { activationMaps, convolutions, filters } from './layer-images.js';
import { type Neuron, neuronImages } from './neuron.js';
import { drawnFeatures, projectionChart } from './projection-chart.js';
import { labelOf, picturesOf } from './sample-pictures.js';
import { testFeatures } from './test-features.js';
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
  const { pictureGrid } = await import('../plots/index.js'); // its library takes most of a second to load
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
    const features = await testFeatures(runtime, limit ?? drawnFeatures);
    for (const method of ['pca', 'tsne'] as const) {
      if (!only.includes(method)) continue;
      const chart = await projectionChart(runtime, method, features);
      for (const ending of ['svg', 'png']) {
        await chart.write(join(folder, `${method}.${ending}`));
        files.push(join(folder, `${method}.${ending}`));
      }
    }
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
