import test from 'ava';
import type { OnnxNode, OnnxTensor } from '../../proto/onnx.js';
import { quantizeDynamic } from '../../src/export/onnx/quantize.js';
import { noise } from '../support/made-up-weights.js';

const [rows, inner, columns] = [3, 16, 8];
const x = noise('x', rows * inner, 4);
const weights = noise('weights', inner * columns, 2);
// Channels of other magnitudes, one of zeros: each has a scale of its own.
weights.forEach((value, index) => (weights[index] = value * (index % columns)));
const bias = noise('bias', columns, 1);

const bytes = (values: Float32Array): Uint8Array => new Uint8Array(values.buffer);
const float = (name: string, dims: readonly number[], values: Float32Array): OnnxTensor => ({
  name,
  dims,
  dataType: 1,
  rawData: bytes(values),
});
const node = (opType: string, input: readonly string[], output: string): OnnxNode => ({
  opType,
  input,
  output: [output],
  name: output,
  attribute: [],
});

/** Computes quantized nodes by the definitions of ONNX's operators, for a 1x1 convolution as for a product of matrices. */
function evaluate(nodes: readonly OnnxNode[], initializers: readonly OnnxTensor[], isConvolution: boolean) {
  const values = new Map<string, Float32Array>([['x', x]]);
  for (const { name, dataType, rawData } of initializers)
    values.set(name, dataType === 1 ? new Float32Array(rawData.slice().buffer) : Float32Array.from(rawData));
  const get = (name: string | undefined): Float32Array => {
    const found = values.get(name ?? '');
    if (found === undefined) throw new Error(`${name} is used before it is made`);
    return found;
  };
  const spread = (a: Float32Array, at: number): number => a[at % a.length] as number;
  for (const { opType, input, output } of nodes) {
    const [a, b] = [get(input[0]), input[1] === undefined ? new Float32Array() : get(input[1])];
    if (opType === 'DynamicQuantizeLinear') {
      const [low, high] = [Math.min(0, ...a), Math.max(0, ...a)];
      const scale = (high - low) / 255;
      const zero = Math.max(0, Math.min(255, Math.round(-low / scale)));
      values.set(
        output[0] as string,
        a.map((value) => Math.max(0, Math.min(255, Math.round(value / scale) + zero))),
      );
      values.set(output[1] as string, Float32Array.of(scale));
      values.set(output[2] as string, Float32Array.of(zero));
      continue;
    }
    let made = new Float32Array(a.length);
    if (/Integer$/.test(opType)) {
      const [zeroA, zeroB] = [get(input[2])[0] as number, get(input[3])[0] as number];
      made = new Float32Array(rows * columns);
      for (let at = 0; at < made.length; at++) {
        for (let k = 0; k < inner; k++) {
          const [row, column] = [Math.floor(at / columns), at % columns];
          const weight = b[isConvolution ? column * inner + k : k * columns + column] as number;
          made[at] = (made[at] as number) + ((a[row * inner + k] as number) - zeroA) * (weight - zeroB);
        }
      }
    } else if (opType === 'Cast') made = Float32Array.from(a);
    else {
      made = new Float32Array(Math.max(a.length, b.length));
      made.forEach((_, at) => {
        made[at] = opType === 'Mul' ? spread(a, at) * spread(b, at) : spread(a, at) + spread(b, at);
      });
    }
    values.set(output[0] as string, made);
  }
  return get('y');
}

for (const [name, opType, dims] of [
  ['a product', 'MatMul', [inner, columns]],
  ['a convolution with a bias', 'Conv', [columns, inner, 1, 1]],
] as const) {
  test(`${name} in 8 bits is as near as the roundings allow`, (t) => {
    const isConvolution = opType === 'Conv';
    const kernel = weights.map((value, index) =>
      isConvolution ? (weights[(index % inner) * columns + Math.floor(index / inner)] as number) : value,
    );
    const given = isConvolution ? ['x', 'w', 'b'] : ['x', 'w'];
    const initializers = [float('w', dims, kernel), float('b', [columns], bias)];
    const quantized = quantizeDynamic({ nodes: [node(opType, given, 'y')], initializers });
    t.false(
      quantized.initializers.some((tensor) => tensor.name === 'w'),
      'float weights are left out',
    );
    const found = evaluate(quantized.nodes, quantized.initializers, isConvolution);
    const step = (Math.max(0, ...x) - Math.min(0, ...x)) / 255;
    for (let at = 0; at < rows * columns; at++) {
      const [row, column] = [Math.floor(at / columns), at % columns];
      const places = Array.from({ length: inner }, (_, k) => [row * inner + k, k * columns + column] as const);
      const largest = Math.max(...places.map(([, place]) => Math.abs(weights[place] as number)));
      // Half a step of each factor; the zero of activations is rounded too, so theirs is a whole one.
      let [expected, most] = [isConvolution ? (bias[column] as number) : 0, 1e-4];
      for (const [left, right] of places) {
        const [value, weight] = [x[left] as number, weights[right] as number];
        expected += value * weight;
        most += Math.abs(value) * (largest / 254) + (Math.abs(weight) + largest / 254) * step;
      }
      t.true(Math.abs((found[at] as number) - expected) <= most, `${at}: ${found[at]} for ${expected}, ${most}`);
    }
  });
}

test('activations are quantized once for all that take them; small weights and other ops stay as they are', (t) => {
  const nodes = [
    node('MatMul', ['x', 'w'], 'y'),
    node('MatMul', ['x', 'w'], 'z'),
    node('MatMul', ['x', 'small'], 'u'),
    node('MatMul', ['x', 'y'], 'v'),
    node('Relu', ['z'], 'r'),
  ];
  const initializers = [float('w', [inner, columns], weights), float('small', [2, 2], new Float32Array(4))];
  const quantized = quantizeDynamic({ nodes, initializers }).nodes.map(({ opType }) => opType);
  const product = ['MatMulInteger', 'Cast', 'Mul', 'Mul'];
  t.deepEqual(quantized, ['DynamicQuantizeLinear', ...product, ...product, 'MatMul', 'MatMul', 'Relu']);
});
