import { basename } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.js';
import { combinationError, valueError } from '../base/errors.js';
import { tf } from '../base/tf.js';
import { imageBytes, type Visualization } from '../contracts/index.js';
import { readWeights } from '../coordinator/index.js';
import { drawByClass } from '../data/index.js';
import { decodeImageFile } from '../images/index.js';
import { setWeights } from '../models/index.js';
import type { Runtime } from '../runtime/index.js';
import { classMaps } from './class-maps.js';
import { activationMaps, convolutions, filters } from './layer-images.js';
import { neuronImages } from './neuron.js';
import { drawnFeatures, projectionChart } from './projection-chart.js';
import { labelOf } from './sample-pictures.js';
import { testFeatures } from './test-features.js';
import { networkInput, testPixels } from './test-images.js';

export interface VisualizeOptions {
  /** From `openRunRuntime`; the caller closes it. */
  readonly runtime: Runtime;
  readonly kind: Visualization;
  /** PNG to write; default: the kind, and the layer if given, in the present folder. */
  readonly file?: string | undefined;
  /** Of filters the first convolution by default, of activations, Grad-CAM and max-activation the last. */
  readonly layer?: string | undefined;
  /** Of max-activation: channel from 0; 0. */
  readonly channel?: number | undefined;
  /** Image files; default: test images of different classes. */
  readonly images?: readonly string[] | undefined;
  /** Test images to look at, for max-activation (2000) and projections (1000). */
  readonly limit?: number | undefined;
}

/** Test images that are explained unless files are given. */
const shown = 4;

/**
 * Draws one picture of what a network has learned, with title and colour scale.
 *
 * @returns the file.
 * @throws ConvoyError `CONVOY_OPTION` for a layer or channel that the model does not have, or that gives no maps, and for
 *   options that the kind does not take; `CONVOY_DATA` for an image that cannot be decoded; `CONVOY_DISK`.
 */
export async function visualizeRun(options: VisualizeOptions): Promise<string> {
  const { runtime, kind, layer } = options;
  const name = [kind, layer?.replaceAll(/[/\\]/g, '_')].filter((part) => part !== undefined).join('-');
  const { file = `${name}.png` } = options;
  if (!file.endsWith('.png')) throw valueError('--out', 'a path that ends in .png', file);
  refuseUnused(options);
  const { model, arena, layout } = runtime;
  setWeights(model, readWeights(arena, layout));
  await writeFileAtomic(file, [await drawn(options)]);
  return file;
}

/** What each kind takes besides a file. */
const takes: Readonly<Record<Visualization, readonly ('layer' | 'images' | 'channel' | 'limit')[]>> = {
  filters: ['layer'],
  activations: ['layer', 'images'],
  'grad-cam': ['layer', 'images'],
  'grad-cam++': ['layer', 'images'],
  saliency: ['images'],
  occlusion: ['images'],
  'max-activation': ['layer', 'channel', 'limit'],
  pca: ['limit'],
  tsne: ['limit'],
  umap: ['limit'],
};

function refuseUnused({ kind, ...options }: VisualizeOptions): void {
  for (const key of ['layer', 'images', 'channel', 'limit'] as const) {
    if (options[key] === undefined || takes[kind].includes(key)) continue;
    throw combinationError(`--kind ${kind}`, 'excludes', `--${key === 'images' ? 'image' : key}`);
  }
}

async function drawn({ runtime, kind, layer, channel = 0, images, limit }: VisualizeOptions): Promise<Uint8Array> {
  const { model, spec } = runtime;
  switch (kind) {
    case 'filters':
      return filters(model, layer);
    case 'activations': {
      const { pixels } = await chosenImages(runtime, images?.slice(0, 1), 1);
      if ((images?.length ?? 1) > 1) throw valueError('--image', 'one image for activations', images);
      const input = tf.tidy(() => networkInput(spec, pixels));
      return await activationMaps(model, layer ?? lastConvolution(runtime), input).finally(() => input.dispose());
    }
    case 'max-activation':
      return neuronImages(runtime, { layer: layer ?? lastConvolution(runtime), channel }, limit);
    case 'pca':
    case 'tsne':
    case 'umap': {
      const chart = await projectionChart(runtime, kind, await testFeatures(runtime, limit ?? drawnFeatures));
      return chart.png();
    }
    default:
      return classMaps(runtime, kind, { ...(await chosenImages(runtime, images, shown)), layer });
  }
}

function lastConvolution({ model }: Runtime): string {
  const last = convolutions(model).at(-1);
  if (last === undefined) throw valueError('--layer', 'a layer, as the model has no convolution,', undefined);
  return last;
}

/** Files, or test images of different classes. */
async function chosenImages(
  runtime: Runtime,
  files: readonly string[] | undefined,
  count: number,
): Promise<{ readonly pixels: Uint8Array; readonly names: readonly string[] }> {
  const { test } = runtime.datasets;
  if (files === undefined) {
    const samples = drawByClass(test, count, runtime.config.seed);
    return {
      pixels: await testPixels(runtime, samples),
      names: Array.from(samples, (sample) => labelOf(test, sample)),
    };
  }
  const each = imageBytes(test.shape);
  const pixels = new Uint8Array(files.length * each);
  for (const [index, file] of files.entries())
    await decodeImageFile(file, test.shape, pixels.subarray(index * each, (index + 1) * each));
  return { pixels, names: files.map((file) => basename(file)) };
}
