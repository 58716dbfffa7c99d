import type { LayersModel } from '../base/tf.js';
import type { ImageShape, Preprocess } from '../contracts/index.js';
import { createModel, initialWeights, modelParameters } from '../models/index.js';
import {
  type ApplicationDownloadOptions,
  applicationNamed,
  applicationWeights,
  downloadApplicationWeights,
  mapWeights,
  readWeightsFile,
} from '../weights/index.js';
import { freezeUntil, parseFreeze } from './freeze.js';
import { headLayers, replaceHead } from './head.js';

/** What becomes of a base. */
interface HeadOptions {
  readonly classes: number;
  /** `256,dropout:0.5`: a new classifier; undefined replaces the last layer only (see `replaceHead`). */
  readonly head?: string | undefined;
  /** `base` (the default), `none` or `until:LAYER`. */
  readonly freeze?: string | undefined;
  /** Draws the new head's weights. */
  readonly seed: number;
}

/** A base by name. */
interface TransferOptions extends HeadOptions, Omit<ApplicationDownloadOptions, 'includeTop'> {
  /** Name of a network. */
  readonly base: string;
  readonly shape: ImageShape;
  /** The network's own options. */
  readonly networkOptions?: Readonly<Record<string, unknown>> | undefined;
  /** `imagenet`, or a weights file of the network, with any head. */
  readonly weights: string;
  /** Told what of the weights file is left out or changed. */
  readonly onNote?: ((note: string) => void) | undefined;
}

/** A model to train further. */
interface Transferred {
  readonly model: LayersModel;
  /** In the order of `modelParameters`. */
  readonly weights: Float32Array[];
  /** What the base's weights expect of pixels, where known. */
  readonly preprocess?: Preprocess;
}

/**
 * Puts a new head on a trained model and freezes its base.
 *
 * @param base the model, whose layers the result shares, and its weights in the order of `modelParameters`.
 * @throws ConvoyError `CONVOY_OPTION`, `CONVOY_MODEL`.
 */
export function transferFrom(
  base: { readonly model: LayersModel; readonly weights: readonly Float32Array[] },
  options: HeadOptions,
): Transferred {
  const values = new Map(modelParameters(base.model).map(({ spec }, index) => [spec.name, base.weights[index]]));
  const { model, initial, head } = withHead(base.model, options);
  const weights = modelParameters(model).map(({ spec }, index) => {
    const kept = head.has(spec.layer) ? undefined : values.get(spec.name);
    return kept?.slice() ?? initial[index] ?? new Float32Array();
  });
  return { model, weights };
}

/**
 * Builds a network with trained weights, a new head and a frozen base.
 *
 * @throws ConvoyError `CONVOY_OPTION` for an unknown network, layer or head; `CONVOY_WEIGHTS` when the file is damaged or of
 *   another network; `CONVOY_DATA` when ImageNet's weights cannot be had.
 */
export async function transferByName(options: TransferOptions): Promise<Transferred> {
  const { base, shape, classes, networkOptions, weights: source } = options;
  const { height, width, channels } = shape;
  if (source === 'imagenet') applicationNamed(base); // fails before any work
  const whole = createModel(base, { ...networkOptions, height, width, channels, classes });
  const { model, initial, head } = withHead(whole, options);
  const skip = [...head];
  if (source !== 'imagenet') {
    return {
      model,
      weights: mapWeights(model, await readWeightsFile(source), { skip, initial, onNote: options.onNote }),
    };
  }
  // Only VGG keeps dense layers of its own, when nothing but the last is replaced.
  const includeTop = model.layers.some((layer) => layer.getClassName() === 'Dense' && !head.has(layer.name));
  const file = await readWeightsFile(await downloadApplicationWeights(base, { ...options, includeTop }));
  const weights = applicationWeights(model, base, file, { skip, initial });
  return { model, weights, preprocess: applicationNamed(base).preprocess };
}

function withHead(
  base: LayersModel,
  { head, classes, freeze = 'base', seed }: HeadOptions,
): { model: LayersModel; initial: Float32Array[]; head: ReadonlySet<string> } {
  const until = parseFreeze(freeze);
  const model = replaceHead(base, head, classes);
  freezeUntil(model, until);
  const weighted = new Set(modelParameters(model).map(({ spec }) => spec.layer));
  const names = headLayers(model).filter((name) => weighted.has(name));
  return { model, initial: initialWeights(model, seed), head: new Set(names) };
}

/** A preprocessing as mean and standard deviation of pixels scaled to [0, 1], as configurations state it. */
export function normalizationOf({ scale, offset }: Preprocess): { mean: number[]; std: number[] } {
  // (p / 255 - mean) / std = p * scale + offset
  const std = scale.map((factor) => 1 / (255 * factor));
  return { mean: offset.map((shift, channel) => -shift * (std[channel] ?? 1) + 0), std };
}
