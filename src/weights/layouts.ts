/** PyTorch's memory layouts brought to ours: channels last, kernels [height, width, in, out], dense [in, out]. */
import type { LayersModel } from '../base/tf.js';

type Layer = LayersModel['layers'][number];

/** Height, width and channels that a `Flatten` before a layer has made one axis. */
interface FlattenedShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Layers that keep the order of features, so that one behind them still sees a flattened image. */
const keepsFeatures: ReadonlySet<string> = new Set([
  'Dropout',
  'Activation',
  'ReLU',
  'LeakyReLU',
  'ELU',
  'BatchNormalization',
]);

/** The image that `layer`'s input was before it was flattened; undefined if it was not or has one channel or pixel. */
export function flattenedBefore(layer: Layer): FlattenedShape | undefined {
  let current: Layer | undefined = layer;
  while (current !== undefined) {
    const inbound: readonly Layer[] = current.inboundNodes[0]?.inboundLayers ?? [];
    const before: Layer | undefined = inbound.length === 1 ? inbound[0] : undefined;
    if (before?.getClassName() === 'Flatten') return imageShape(before);
    current = before !== undefined && keepsFeatures.has(before.getClassName()) ? before : undefined;
  }
  return undefined;
}

function imageShape(flatten: Layer): FlattenedShape | undefined {
  const shape = flatten.inboundNodes[0]?.inputTensors[0]?.shape;
  if (shape?.length !== 4) return undefined;
  const [, height, width, channels] = shape;
  if (typeof height !== 'number' || typeof width !== 'number' || typeof channels !== 'number') return undefined;
  return height * width === 1 || channels === 1 ? undefined : { height, width, channels };
}

/** The parameter's last name; tfjs numbers twins. */
function weightOf(parameter: string): string {
  return parameter.slice(parameter.lastIndexOf('/') + 1).replace(/_\d+$/, '');
}

/** The shape that PyTorch gives the parameter which we call `parameter` and which has `shape` here. */
export function torchShape(parameter: string, shape: readonly number[]): readonly number[] {
  const weight = weightOf(parameter);
  const [height = 0, width = 0, input = 0, multiplier = 0] = shape;
  if (weight === 'depthwise_kernel') return [input * multiplier, 1, height, width];
  // Dense [in, out] to [out, in]; convolutions [..., in, out] to [out, in, ...].
  if (weight === 'kernel' && shape.length >= 2) return [...shape.slice(-2).reverse(), ...shape.slice(0, -2)];
  return shape;
}

/** Values of PyTorch's layout in ours; `data` has `torchShape`, the result has `shape`. */
export function fromTorch(
  parameter: string,
  shape: readonly number[],
  data: Float32Array,
  flattened: FlattenedShape | undefined,
): Float32Array {
  const weight = weightOf(parameter);
  const [height = 0, width = 0, input = 0, multiplier = 0] = shape;
  if (weight === 'depthwise_kernel') return transposed(data, height * width, input * multiplier);
  if (weight === 'kernel' && shape.length >= 2) {
    const [inputs = 0, outputs = 0] = shape.slice(-2);
    if (shape.length > 2) return swapped(data, product(shape.slice(0, -2)), inputs, outputs);
    return featuresLast(transposed(data, inputs, outputs), flattened, outputs);
  }
  return shape.length === 1 ? featuresLast(data, flattened, 1) : data;
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total * size, 1);
}

/** [columns, rows] to [rows, columns]. */
function transposed(data: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      result[row * columns + column] = data[column * rows + row] as number;
    }
  }
  return result;
}

/** [outputs, inputs, pixels] to [pixels, inputs, outputs]. */
function swapped(data: Float32Array, pixels: number, inputs: number, outputs: number): Float32Array {
  const result = new Float32Array(data.length);
  let at = 0;
  for (let output = 0; output < outputs; output++) {
    for (let input = 0; input < inputs; input++) {
      for (let pixel = 0; pixel < pixels; pixel++)
        result[(pixel * inputs + input) * outputs + output] = data[at++] as number;
    }
  }
  return result;
}

/** Rows in the order of features flattened channels first (PyTorch) to channels last. */
function featuresLast(data: Float32Array, image: FlattenedShape | undefined, rowLength: number): Float32Array {
  if (image === undefined || data.length !== image.height * image.width * image.channels * rowLength) return data;
  const pixels = image.height * image.width;
  const result = new Float32Array(data.length);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < image.channels; channel++) {
      const from = (channel * pixels + pixel) * rowLength;
      result.set(data.subarray(from, from + rowLength), (pixel * image.channels + channel) * rowLength);
    }
  }
  return result;
}
