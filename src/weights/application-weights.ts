import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from '../base/atomic-file.js';
import type { LayersModel } from '../base/tf.js';
import { cacheFolder, downloadOnce } from '../data/index.js';
import { modelParameters } from '../models/index.js';
import { applicationNamed, torchDeviation } from './applications.js';
import { type MapOptions, mapWeights } from './map.js';
import type { WeightsFile } from './tensors.js';

/** How `downloadApplicationWeights` downloads. */
export interface ApplicationDownloadOptions {
  /** With the classifier of the 1,000 ImageNet classes; default false, as a new head replaces it. */
  readonly includeTop?: boolean;
  /** Default: `weights` in convoy's cache folder. */
  readonly cacheDir?: string;
  /** Address to ask instead of the official one, for MIRROR/NETWORK/FILE; default `$CONVOY_MIRROR`. */
  readonly mirror?: string;
  readonly onProgress?: (progress: { readonly what: string; readonly done: number; readonly total: number }) => void;
  readonly signal?: AbortSignal;
}

/**
 * The path of the ImageNet weights of a network, downloaded into the cache if they are not there yet.
 *
 * @throws ConvoyError `CONVOY_OPTION` when there are none for it; `CONVOY_DATA` when the file cannot be had or has not
 *   the pinned checksum, or the one in the cache has changed since it was downloaded; `CONVOY_DISK`; `CONVOY_ABORTED`.
 */
export async function downloadApplicationWeights(
  name: string,
  options: ApplicationDownloadOptions = {},
): Promise<string> {
  const application = applicationNamed(name);
  const file = options.includeTop === true ? application.whole : application.base;
  const folder = options.cacheDir ?? join(cacheFolder(), 'weights');
  const target = join(folder, file.name);
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw diskError(folder, error);
  });
  const mirror = options.mirror ?? process.env['CONVOY_MIRROR'] ?? '';
  const url = mirror === '' ? file.url : `${mirror.replace(/\/+$/, '')}/${application.name}/${file.name}`;
  const { onProgress, signal } = options;
  await downloadOnce(url, file, target, { ...(onProgress && { onProgress }), ...(signal && { signal }) });
  return target;
}

/**
 * The weights of `model`, the network `name` with its own head or another, from a file of Keras Applications, adjusted
 * so that the model takes RGB pixels under `applicationNamed(name).preprocess`:
 *
 * - VGG and ResNet were trained on BGR: their first kernel's input channels are reversed.
 * - EfficientNet's files hold standard deviations where variances belong, and Keras divides once more by their roots
 *   (tensorflow issue 49930); the variance is multiplied by the deviation instead, to the same effect.
 *
 * @throws ConvoyError as `mapWeights` does, and `CONVOY_OPTION` for a name without published weights.
 */
export function applicationWeights(
  model: LayersModel,
  name: string,
  file: WeightsFile,
  options: Pick<MapOptions, 'skip' | 'initial'> = {},
): Float32Array[] {
  const { adjust } = applicationNamed(name);
  const weights = mapWeights(model, file, options);
  if (adjust === undefined) return weights;
  const specs = modelParameters(model).map(({ spec }) => spec);
  const isFirstKernel = (index: number): boolean => index === specs.findIndex(({ shape }) => shape.length === 4);
  return weights.map((values, index) => {
    const spec = specs[index];
    if (adjust === 'bgrToRgb' && isFirstKernel(index)) return inputsReversed(values, spec?.shape ?? []);
    if (adjust === 'varianceOfSquares' && spec?.name.endsWith('normalization/variance') && spec.shape[0] === 3) {
      return values.map((variance, channel) => variance * (torchDeviation[channel] ?? 1));
    }
    return values;
  });
}

/** A kernel [height, width, in, out] with its input channels in the opposite order. */
function inputsReversed(values: Float32Array, shape: readonly number[]): Float32Array {
  const [, , inputs = 0, outputs = 0] = shape;
  const result = new Float32Array(values.length);
  for (let row = 0; row * outputs < values.length; row++) {
    const channel = row % inputs;
    const from = (row - channel + (inputs - 1 - channel)) * outputs;
    result.set(values.subarray(from, from + outputs), row * outputs);
  }
  return result;
}
