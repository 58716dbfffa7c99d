/**
 * Dynamic quantization to 8 bits, as `quantize_dynamic` of onnxruntime does it: weights of convolutions and matrix products are
 * int8 by a scale, activations become uint8 while the graph runs, by the smallest and largest value of each batch.
 */
import type { OnnxNode, OnnxTensor } from '../../../proto/onnx.js';

/** ONNX's numbers of the element types. */
const types = { float32: 1, uint8: 2 } as const;
/** Level of a weight of 0: weights are symmetric, and onnxruntime convolves with uint8 weights only. */
const zeroLevel = 128;
const mostLevels = 127;
/** Smallest weights that are worth it. */
const leastElements = 64;

interface Nodes {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
}

/** Nodes with the weights of `Conv` and `MatMul` in 8 bits, a scale for each channel of the output. */
export function quantizeDynamic({ nodes, initializers }: Nodes): Nodes {
  const tensors = new Map(initializers.map((tensor) => [tensor.name, tensor]));
  const names = new Set([...tensors.keys(), ...nodes.flatMap(({ output }) => output)]);
  const unique = (name: string): string => {
    let free = name;
    for (let twin = 1; names.has(free); twin++) free = `${name}_${twin}`;
    names.add(free);
    return free;
  };
  const made: OnnxTensor[] = [];
  const tensor = (name: string, dataType: number, dims: readonly number[], rawData: Uint8Array): string => {
    const own = unique(name);
    made.push({ name: own, dataType, dims, rawData });
    return own;
  };
  const result: OnnxNode[] = [];
  const add = (opType: string, input: readonly string[], output: readonly string[], from?: OnnxNode): void => {
    const attribute = from?.attribute ?? (opType === 'Cast' ? [{ name: 'to', type: 2, i: types.float32 }] : []);
    result.push({ opType, input, output, name: output[0] as string, attribute });
  };
  /** Activations in 8 bits, once for all that take them. */
  const activations = new Map<string, readonly [levels: string, scale: string, zero: string]>();
  const levelsOf = (name: string): readonly [string, string, string] => {
    const known = activations.get(name);
    if (known !== undefined) return known;
    const outputs = [unique(`${name}/levels`), unique(`${name}/scale`), unique(`${name}/zero`)] as const;
    add('DynamicQuantizeLinear', [name], outputs);
    activations.set(name, outputs);
    return outputs;
  };
  for (const node of nodes) {
    const weights = tensors.get(node.input[1] ?? '');
    const isConvolution = node.opType === 'Conv';
    const fits = weights?.dataType === types.float32 && weights.dims.reduce((a, b) => a * b, 1) >= leastElements;
    if (weights === undefined || !fits || !(isConvolution || (node.opType === 'MatMul' && weights.dims.length === 2))) {
      result.push(node);
      continue;
    }
    const [x, , bias] = node.input as readonly [string, string, string?];
    const [output] = node.output as readonly [string];
    const { levels, scales } = levelsOfWeights(weights, isConvolution ? 0 : 1);
    const kernel = tensor(`${weights.name}/levels`, types.uint8, weights.dims, levels);
    const zero = tensor(`${weights.name}/zero`, types.uint8, [], Uint8Array.of(zeroLevel));
    // Behind the channels of a convolution come height and width.
    const spread = isConvolution ? [1, scales.length, 1, 1] : [scales.length];
    const scale = tensor(`${weights.name}/scale`, types.float32, spread, new Uint8Array(scales.buffer));
    const [image, imageScale, imageZero] = levelsOf(x);
    const [sum, float, both] = [unique(`${output}/sum`), unique(`${output}/float`), unique(`${output}/scale`)];
    add(isConvolution ? 'ConvInteger' : 'MatMulInteger', [image, kernel, imageZero, zero], [sum], node);
    add('Cast', [sum], [float]);
    add('Mul', [imageScale, scale], [both]);
    const scaled = bias === undefined ? output : unique(`${output}/scaled`);
    add('Mul', [float, both], [scaled]);
    if (bias === undefined) continue;
    const given = tensors.get(bias) as OnnxTensor;
    add('Add', [scaled, tensor(`${bias}/spread`, given.dataType, spread, given.rawData)], [output]);
  }
  const used = new Set(result.flatMap(({ input }) => input));
  return { nodes: result, initializers: [...initializers, ...made].filter(({ name }) => used.has(name)) };
}

/** Weights as levels from 1 to 255, and the scale of each channel, along `axis`. */
function levelsOfWeights(
  { dims, rawData }: OnnxTensor,
  axis: 0 | 1,
): { readonly levels: Uint8Array; readonly scales: Float32Array<ArrayBuffer> } {
  const values = new Float32Array(rawData.slice().buffer);
  const channels = dims[axis] as number;
  const inner = dims.slice(axis + 1).reduce((product, size) => product * size, 1);
  const channelOf = (index: number): number => Math.floor(index / inner) % channels;
  const scales = new Float32Array(channels);
  for (const [index, value] of values.entries()) {
    const channel = channelOf(index);
    scales[channel] = Math.max(scales[channel] as number, Math.abs(value) / mostLevels);
  }
  const levels = Uint8Array.from(values, (value, index) => {
    const scale = scales[channelOf(index)] as number;
    return zeroLevel + (scale === 0 ? 0 : Math.max(-mostLevels, Math.min(mostLevels, Math.round(value / scale))));
  });
  return { levels, scales };
}
