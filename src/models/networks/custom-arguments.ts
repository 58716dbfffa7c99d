/** Which arguments a layer of a described network takes: those that the layer itself writes into its configuration. */
import { unknownKeyError } from '../../base/errors.js';
import type { Aliases } from '../../base/suggest.js';

/** Makes a layer of its arguments. */
type MakeLayer = (args: Readonly<Record<string, unknown>>) => { getConfig(): Readonly<Record<string, unknown>> };

/** Enough for any type to be made: layers pass over arguments that are not theirs. */
const enough = {
  filters: 1,
  kernelSize: 1,
  units: 1,
  rate: 0.5,
  stddev: 1,
  activation: 'linear',
  targetShape: [1],
  dims: [1],
  cropping: [
    [0, 0],
    [0, 0],
  ],
  scale: 1,
  heads: 1,
  channels: 1,
};

/** What tfjs takes but does not write. */
const unwritten: Readonly<Record<string, readonly string[]>> = { separableConv2d: ['depthMultiplier'] };

/** Of a description itself; the first two are never the layer's own. */
const ofEveryLayer = ['type', 'inputs', 'name', 'trainable'];

/** How PyTorch and Keras call tfjs's arguments. */
const aliases: Aliases = {
  filters: ['outChannels', 'channels', 'features'],
  kernelSize: ['kernel', 'kernelShape', 'size'],
  strides: ['stride'],
  dilationRate: ['dilation'],
  units: ['outFeatures', 'features', 'neurons', 'size'],
  useBias: ['bias'],
  alpha: ['negativeSlope', 'slope'],
  rate: ['p', 'probability', 'dropout'],
  epsilon: ['eps'],
  poolSize: ['kernelSize', 'kernel', 'size'],
  targetShape: ['shape'],
  activation: ['function', 'nonlinearity'],
  stddev: ['std', 'sigma'],
  size: ['scaleFactor', 'factor'],
};

const known = new Map<string, readonly string[]>();

/** Arguments that a type of layer takes, besides `ofEveryLayer`. */
export function argumentsOf(type: string, make: MakeLayer): readonly string[] {
  const before = known.get(type);
  if (before !== undefined) return before;
  const written = Object.keys(make({ ...enough, name: `arguments_of_${type}` }).getConfig());
  const names = [...written.filter((name) => !ofEveryLayer.includes(name)), ...(unwritten[type] ?? [])];
  known.set(type, names);
  return names;
}

/**
 * Refuses arguments that a type of layer does not take: tfjs passes over them in silence.
 *
 * @throws ConvoyError `CONVOY_OPTION` with the argument that was probably meant.
 */
export function checkArguments(
  { type, ...given }: { readonly type: string; readonly [argument: string]: unknown },
  layer: string,
  make: MakeLayer,
): void {
  const names = argumentsOf(type, make);
  const wrong = Object.keys(given).find((key) => !names.includes(key) && !ofEveryLayer.includes(key));
  if (wrong === undefined) return;
  const owner = layer.startsWith(type) ? `layer ${layer}` : `layer ${layer} (${type})`;
  throw unknownKeyError(owner, wrong, { known: [...names, ...ofEveryLayer.slice(1)], aliases });
}
