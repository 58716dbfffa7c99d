/** Ops over the height and width of images, which ONNX has with channels first. */
import type { GraphNode, Value } from '../../ops/index.js';
import type { OnnxConverter, OnnxValue } from './converter.js';
import { floatOf, inputOf, integersOf, type OnnxLowering, type OnnxLowerings, outputOf } from './table.js';

/** Attributes of a window over an input of `[n, h, w, c]`; ONNX pads as [top, left, bottom, right]. */
function windowOf(
  node: GraphNode,
  input: Value,
  kernel: readonly [number, number],
): Readonly<Record<string, OnnxValue>> & { readonly pads: readonly number[] } {
  const strides = integersOf(node, 'strides').slice(1, 3);
  const dilations = 'dilations' in node.attributes ? integersOf(node, 'dilations').slice(1, 3) : [1, 1];
  const ends = kernel.map((size, axis) => {
    const [stride, dilation] = [strides[axis] as number, dilations[axis] as number];
    const places = input.shape[axis + 1] as number;
    const reach = (size - 1) * dilation + 1;
    const total =
      node.attributes['padding'] === 'SAME' ? (Math.ceil(places / stride) - 1) * stride + reach - places : 0;
    const before = Math.floor(Math.max(0, total) / 2);
    return [before, Math.max(0, total) - before] as const;
  });
  const pads = [...ends.map(([before]) => before), ...ends.map(([, after]) => after)];
  return { kernel_shape: kernel, strides, pads, ...(dilations.some((step) => step !== 1) ? { dilations } : {}) };
}

/** A bias that is added to a node's output and to nothing else: a convolution takes it in. */
function ownBias(onnx: OnnxConverter, node: GraphNode): { readonly bias: string[]; readonly output: Value } {
  const output = outputOf(node);
  const [next, ...others] = onnx.consumers.get(output) ?? [];
  if (next?.op !== 'BiasAdd' || others.length > 0 || inputOf(next, 0) !== output) return { bias: [], output };
  const bias = inputOf(next, 1);
  return onnx.known(bias) ? { bias: [onnx.last(bias)], output: outputOf(next) } : { bias: [], output };
}

const conv2d: OnnxLowering = (onnx, node) => {
  const [x, filter] = [inputOf(node, 0), inputOf(node, 1)];
  const [high, wide, inputs] = filter.shape as readonly [number, number, number];
  const { bias, output } = ownBias(onnx, node);
  const group = (x.shape[3] as number) / inputs;
  const attributes = { ...windowOf(node, x, [high, wide]), group };
  const kernel = onnx.permuted(filter, [3, 2, 0, 1]);
  onnx.set(output, onnx.add('Conv', [onnx.first(x), kernel, ...bias], attributes, node.name), 'first');
};

const depthwise: OnnxLowering = (onnx, node) => {
  const [x, filter] = [inputOf(node, 0), inputOf(node, 1)];
  const [high, wide, channels, multiplier] = filter.shape as readonly [number, number, number, number];
  const { bias, output } = ownBias(onnx, node);
  const shape = onnx.integers([channels * multiplier, 1, high, wide]);
  const kernel = onnx.add('Reshape', [onnx.permuted(filter, [2, 3, 0, 1]), shape], {}, `${node.name}/kernel`);
  const attributes = { ...windowOf(node, x, [high, wide]), group: channels };
  onnx.set(output, onnx.add('Conv', [onnx.first(x), kernel, ...bias], attributes, node.name), 'first');
};

/** A transposed convolution is the gradient of one over its output. */
const transposed: OnnxLowering = (onnx, node) => {
  const [filter, x, output] = [inputOf(node, 1), inputOf(node, 2), outputOf(node)];
  const kernel = filter.shape.slice(0, 2) as [number, number];
  const { pads, ...rest } = windowOf(node, output, kernel);
  const strides = integersOf(node, 'strides').slice(1, 3);
  const rests = kernel.map((size, axis) => {
    const [small, large] = [x.shape[axis + 1] as number, output.shape[axis + 1] as number];
    const padded = (pads[axis] as number) + (pads[axis + 2] as number);
    return large - ((small - 1) * (strides[axis] as number) + size - padded);
  });
  // Where strides are larger than the kernel, SAME pads less than nothing: the output is longer instead.
  const attributes = { ...rest, pads, output_padding: rests };
  const made = onnx.add('ConvTranspose', [onnx.first(x), onnx.permuted(filter, [3, 2, 0, 1])], attributes, node.name);
  onnx.set(output, made, 'first');
};

function pool(opType: string, extra: Readonly<Record<string, OnnxValue>> = {}): OnnxLowering {
  return (onnx, node) => {
    const x = inputOf(node, 0);
    const kernel = integersOf(node, 'ksize').slice(1, 3) as [number, number];
    const attributes = { ...windowOf(node, x, kernel), ...extra };
    onnx.set(outputOf(node), onnx.add(opType, [onnx.first(x)], attributes, node.name), 'first');
  };
}

const batchNormalization: OnnxLowering = (onnx, node) => {
  if (node.attributes['is_training'] === true) throw new TypeError(`${node.name} normalizes by the batch`);
  const [x, ...vectors] = node.inputs as readonly [Value, ...Value[]];
  const names = vectors.slice(0, 4).map((vector) => onnx.last(vector));
  const attributes = { epsilon: { float: floatOf(node, 'epsilon') } };
  onnx.set(outputOf(node), onnx.add('BatchNormalization', [onnx.first(x), ...names], attributes, node.name), 'first');
};

function resize(mode: 'linear' | 'nearest'): OnnxLowering {
  return (onnx, node) => {
    const [x, output] = [inputOf(node, 0), outputOf(node)];
    const centred = node.attributes['half_pixel_centers'] === true;
    const aligned = node.attributes['align_corners'] === true;
    const rounded = centred || aligned ? 'round_prefer_ceil' : 'floor';
    const image = onnx.first(x);
    const outer = onnx.add('Slice', [
      onnx.add('Shape', [image]),
      onnx.integers([0]),
      onnx.integers([2]),
      onnx.integers([0]),
    ]);
    const sizes = onnx.add('Concat', [outer, onnx.integers(output.shape.slice(1, 3))], { axis: 0 });
    const attributes = {
      mode,
      coordinate_transformation_mode: centred ? 'half_pixel' : aligned ? 'align_corners' : 'asymmetric',
      ...(mode === 'nearest' ? { nearest_mode: rounded } : {}),
    };
    onnx.set(output, onnx.add('Resize', [image, '', '', sizes], attributes, node.name), 'first');
  };
}

export const images: OnnxLowerings = {
  AvgPool: pool('AveragePool', { count_include_pad: 0 }),
  Conv2D: conv2d,
  Conv2DBackpropInput: transposed,
  DepthwiseConv2dNative: depthwise,
  FusedBatchNormV3: batchNormalization,
  MaxPool: pool('MaxPool'),
  ResizeBilinear: resize('linear'),
  ResizeNearestNeighbor: resize('nearest'),
};
