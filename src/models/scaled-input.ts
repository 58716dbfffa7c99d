import type { LayersModel } from '../base/tf.js';
import { isModel } from '../layers/index.js';

/** Layers that move or vary pixels but leave their range, as may come before a rescaling. */
const movers: ReadonlySet<string> = new Set([
  'InputLayer',
  'ZeroPadding2D',
  'Cropping2D',
  'CenterCrop',
  'Resizing',
  'Reshape',
  'Permute',
  'ChannelPadding',
  'ChannelReversal',
  'RandomCrop',
  'RandomFlip',
  'RandomRotation',
  'RandomZoom',
  'RandomTranslation',
  'RandomContrast',
  'RandomBrightness',
]);

/** Factors of less are for numbers from 0 to 255, as 1/255 and 1/127.5 are; those of numbers from 0 to 1 are of 1 or so. */
const byteScale = 1 / 32;
/** Shifts by more are of numbers from 0 to 255, as ImageNet's means of 103.9 and more are. */
const byteShift = 8;

/**
 * Whether a model wants pixels from 0 to 255 because it begins with their rescaling: a `Rescaling` as in Keras's EfficientNets, the
 * operations of a `preprocess_input`, or a `Normalization` by means of its own, behind augmentation if there is some. What a
 * first normalization by weights expects does not show.
 */
export function takesRawPixels({ layers }: Pick<LayersModel, 'layers'>): boolean {
  return firstRescaling(layers) ?? false;
}

/** Whether the first layer that changes the range of numbers takes bytes; undefined where no layer does. */
function firstRescaling(layers: LayersModel['layers']): boolean | undefined {
  for (const layer of layers) {
    if (isModel(layer)) {
      const inner = firstRescaling(layer.layers);
      if (inner !== undefined) return inner;
    } else if (!movers.has(layer.getClassName())) return takesBytes(layer.getClassName(), layer.getConfig());
  }
  return undefined;
}

function takesBytes(className: string, config: Readonly<Record<string, unknown>>): boolean {
  const someOf = (value: unknown, holds: (size: number) => boolean): boolean =>
    [value].flat().some((item) => typeof item === 'number' && holds(Math.abs(item)));
  const isShift = (value: unknown): boolean => someOf(value, (size) => size > byteShift);
  const isFactor = (value: unknown): boolean => someOf(value, (size) => size < byteScale);
  if (className === 'Rescaling') return isFactor(config['scale']) || isShift(config['offset']);
  if (className === 'Normalization') return isShift(config['mean']);
  if (className !== 'WithConstant') return false;
  const { operation, constant } = config;
  if (operation === 'add' || operation === 'subtract') return isShift(constant);
  if (operation === 'multiply') return isFactor(constant);
  return operation === 'divide' && config['constantFirst'] !== true && someOf(constant, (size) => size > 1 / byteScale);
}
