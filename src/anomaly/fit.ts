import { combinationError, valueError } from '../base/errors.js';
import { permutation, RandomStream } from '../base/random.js';
import type { AnomalyNetwork, Fitting } from './contract.js';
import { type AnomalyImages, type ImageList, imageList } from './images.js';
import { maximum, quantile as quantileOf } from './maps.js';
import { AnomalyModel, batchSize, rawScores, readBatch } from './model.js';
import { channelsOf, defaultLayers, errorSource, type FeatureOptions, featureSource } from './network.js';
import { type AnomalyOptions, parseAnomalyOptions } from './options.js';
import { fitPadim } from './padim.js';
import { fitPatchCore } from './patch-core.js';
import { fitReconstruction } from './reconstruction.js';
import type { AnomalySettings } from './settings.js';

/** Smoothing of both papers: 4 pixels for images of 224. */
const smoothing = 4 / 224;

type Filled = ReturnType<typeof parseAnomalyOptions>;

/**
 * Learns what normal images look like to a trained network: nothing is trained. PaDiM keeps a Gaussian for each place of the feature
 * maps, PatchCore some of the patches, `reconstruction` takes the errors of a network that rebuilds images. The threshold is a
 * quantile of the scores of held-out normal images.
 *
 * @param network a `TrainedRun`, or a network with the size and preprocessing of its images. The model uses it; it stays the caller's.
 * @param images normal images: files, pixels from 0 to 255, or a dataset with the normal ones as `samples`.
 * @throws ConvoyError `CONVOY_OPTION` for options out of range, layers that the network does not have, or less than 3 images;
 *   `CONVOY_DATA` for a file that cannot be decoded.
 */
export async function fitAnomalyModel(
  network: AnomalyNetwork,
  images: AnomalyImages,
  options: AnomalyOptions = {},
): Promise<AnomalyModel> {
  const filled = parseAnomalyOptions(options);
  const { quantile, seed, holdOut, samples, normal } = filled;
  const { model, record } = network;
  const method = filled.method ?? (record.targets === 'pixels' ? 'reconstruction' : 'padim');
  const own = { model, record };
  const list = imageList(images, record.image, samples);
  // A covariance needs two images, and the threshold another.
  if (list.count < 3) throw valueError('images', 'at least 3 normal images', list.count);
  const order = permutation(list.count, new RandomStream(seed, 'split'));
  const heldOut = Math.min(list.count - 2, Math.max(1, Math.round(holdOut * list.count)));
  const fitted = list.count - heldOut;
  const features = method === 'reconstruction' ? undefined : featuresFor(own, method, filled);
  const source = features === undefined ? errorSource(own) : featureSource(own, features);
  const fitting = fittings[method](source.grid, filled, fitted);
  if (method !== 'reconstruction') {
    const part = selected(list, order.subarray(heldOut).slice().sort());
    for (let start = 0; start < part.count; start += batchSize) {
      fitting.add(await source.maps(await readBatch(part, start)));
    }
  }
  const parts = { network: own, source, detector: fitting.finish() };
  const sigma = filled.sigma ?? smoothing * Math.min(record.image.height, record.image.width);
  const [scores, peaks]: [number[], number[]] = [[], []];
  for await (const { score, map } of rawScores(parts, selected(list, order.subarray(0, heldOut)), sigma)) {
    scores.push(score);
    peaks.push(maximum(map));
  }
  const settings: AnomalySettings = {
    method,
    sigma,
    quantile,
    fitted,
    heldOut,
    neighbours: filled.neighbours,
    threshold: quantileOf(scores, quantile),
    mapThreshold: quantileOf(peaks, quantile),
    ...(features && { features }),
    ...(normal !== undefined && { normal }),
  };
  return new AnomalyModel(parts, settings);
}

const fittings = {
  padim: (grid) => fitPadim(grid),
  patchcore: (grid, options, images) => fitPatchCore(grid, { ...options, images }),
  reconstruction: (grid) => fitReconstruction(grid),
} satisfies Record<string, (grid: Parameters<typeof fitPadim>[0], options: Filled, images: number) => Fitting>;

function featuresFor(
  { model, record }: AnomalyNetwork,
  method: 'padim' | 'patchcore',
  { layers, channels, seed }: Filled,
): FeatureOptions {
  if (record.targets === 'pixels' && layers === undefined)
    throw combinationError(`method ${method}`, 'needs', 'layers, for a run that rebuilds images');
  const found = layers ?? defaultLayers(model, record.image);
  // The paper's choice: features of the middle levels, neither too plain nor too close to the classes.
  if (method === 'patchcore') return { layers: layers ?? found.slice(-2), averaged: true };
  const all = channelsOf(model, found);
  if (channels >= all) return { layers: found, averaged: false };
  const chosen = permutation(all, new RandomStream(seed, 'draw')).slice(0, channels).sort();
  return { layers: found, averaged: false, chosen: [...chosen] };
}

function selected(list: ImageList, places: Uint32Array): ImageList {
  const at = (place: number): number => places[place] as number;
  return { count: places.length, read: (place) => list.read(at(place)), file: (place) => list.file(at(place)) };
}
