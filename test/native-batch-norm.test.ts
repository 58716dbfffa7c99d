import test from 'ava';
import { GraphBuilder } from '../src/graph/builder.js';
import { gradients } from '../src/graph/gradients/reverse.js';
import { normalizeBatch } from '../src/graph/ops/batch-norm.js';
import { binary } from '../src/graph/ops/elementwise.js';
import { relu } from '../src/graph/ops/rectify.js';
import { reduce } from '../src/graph/ops/reduce.js';
import type { Value } from '../src/graph/types.js';
import { loadNative } from '../src/native/index.js';
import { RandomStream } from '../src/random.js';
import { relativeDifference } from './support/engine-run.js';
import { GraphEvaluation } from './support/graph-eval.js';

const native = await loadNative();
const onKernels = native.kernels.ops.includes('ConvoyBatchNorm') ? test.serial : test.serial.skip;
const epsilon = 1e-3;

/** Rows of images, channels that fill vectors and lines or not, and the mean in deviations. */
const cases = [
  { shape: [2, 3, 3], channels: 1, mean: 0 },
  { shape: [4, 5, 7], channels: 3, mean: 1 },
  { shape: [8, 16, 16], channels: 16, mean: 0.5 },
  { shape: [3, 9, 5], channels: 24, mean: -2 },
  { shape: [2, 7, 11], channels: 33, mean: 1 },
  { shape: [16], channels: 100, mean: 1 },
  { shape: [1], channels: 8, mean: 1 },
  // Squares less the square of the mean would leave nothing of the variance in float32.
  { shape: [8, 32, 32], channels: 16, mean: 1000 },
] as const;

/** Batch normalization and its gradients in float64, by the definition and the chain rule. */
function reference(x: Float32Array, gamma: Float32Array, beta: Float32Array, weights: Float32Array, rectified: boolean) {
  const channels = gamma.length;
  const rows = x.length / channels;
  const sums = (value: (place: number, channel: number) => number): Float64Array => {
    const total = new Float64Array(channels);
    for (let place = 0; place < x.length; place++) {
      const channel = place % channels;
      total[channel] = (total[channel] as number) + value(place, channel);
    }
    return total;
  };
  const mean = sums((place) => x[place] as number).map((sum) => sum / rows);
  const away = (place: number, channel: number): number => (x[place] as number) - (mean[channel] as number);
  const variance = sums((place, channel) => away(place, channel) ** 2).map((sum) => sum / rows);
  const inverse = variance.map((value) => 1 / Math.sqrt(value + epsilon));
  const normal = (place: number, channel: number): number => away(place, channel) * (inverse[channel] as number);
  const plain = Float64Array.from(x, (_, place) => {
    const channel = place % channels;
    return (gamma[channel] as number) * normal(place, channel) + (beta[channel] as number);
  });
  const passed = (place: number): number => (rectified && (plain[place] as number) <= 0 ? 0 : (weights[place] as number));
  const toBeta = sums(passed);
  const toGamma = sums((place, channel) => passed(place) * normal(place, channel));
  const toX = Float64Array.from(x, (_, place) => {
    const channel = place % channels;
    const [sum, product] = [toBeta[channel] as number, toGamma[channel] as number];
    return (gamma[channel] as number) * (inverse[channel] as number) * (passed(place) - (sum + normal(place, channel) * product) / rows);
  });
  return { y: rectified ? plain.map((value) => Math.max(0, value)) : plain, mean, variance, toX, toGamma, toBeta };
}

for (const { shape, channels, mean } of cases) {
  for (const rectified of [false, true]) {
    const title = `${shape.join('x')} of ${channels} channels, ${mean} deviations off zero${rectified ? ', with ReLU' : ''}`;
    onKernels(`${title}: statistics, output and gradients are those of float64`, async (t) => {
      const graph = new GraphBuilder({ kernels: native.kernels.ops });
      const x = graph.placeholder('x', 'float32', [-1, ...shape.slice(1), channels]);
      const [gamma, beta] = ['gamma', 'beta'].map((name) => graph.placeholder(name, 'float32', [channels])) as [Value, Value];
      const { normal, statistics } = normalizeBatch(graph, x, gamma, beta, epsilon);
      const output = rectified ? relu(graph, normal) : normal;
      t.is(output.node.op, 'ConvoyBatchNorm');
      const weights = graph.placeholder('weights', 'float32', x.shape);
      const objective = reduce(graph, 'Sum', binary(graph, 'Mul', output, weights));
      const derived = gradients(graph, objective, [x, gamma, beta]) as Value[];
      const evaluation = await GraphEvaluation.open(native, graph);

      const stream = new RandomStream(1, 'test', channels, shape.length);
      const rows = shape.reduce<number>((product, size) => product * size, 1);
      // Uniform numbers have a deviation of 0.29.
      const data = Float32Array.from({ length: rows * channels }, () => stream.uniform() - 0.5 + 0.29 * mean);
      const [scales, shifts] = [0.5, -0.5].map((low) => Float32Array.from({ length: channels }, () => low + stream.uniform())) as [Float32Array, Float32Array];
      const slopes = Float32Array.from(data, (_, place) => Math.cos(place) + 0.1);
      const expected = reference(data, scales, shifts, slopes, rectified);
      const sizes = [...shape, channels];
      const found = evaluation.values(
        [
          { value: x, shape: sizes, data },
          { value: gamma, shape: [channels], data: scales },
          { value: beta, shape: [channels], data: shifts },
          { value: weights, shape: sizes, data: slopes },
        ],
        [statistics.mean, statistics.variance, output, ...derived],
      );
      evaluation.graph.dispose();
      const wanted = [expected.mean, expected.variance, expected.y, expected.toX, expected.toGamma, expected.toBeta];
      // The mean as float32 has it, 2^-24 of it, is all that is known of what lies 1000 deviations from zero; else rounding.
      const bound = Math.abs(mean) > 100 ? 1e-4 : 5e-6;
      for (const [index, name] of ['mean', 'variance', 'output', 'x', 'gamma', 'beta'].entries()) {
        const difference = relativeDifference(found[index] as Float32Array, Float32Array.from(wanted[index] as Float64Array));
        t.true(difference < (name === 'mean' || name === 'variance' ? 1e-6 : bound), `${name}: ${difference}`);
      }
    });
  }
}

onKernels('NaN in a batch reaches its output', async (t) => {
  const graph = new GraphBuilder({ kernels: native.kernels.ops });
  const x = graph.placeholder('x', 'float32', [-1, 2]);
  const [gamma, beta] = [1, 0].map((value) => graph.constant(value, 'float32', [2])) as [Value, Value];
  const output = relu(graph, normalizeBatch(graph, x, gamma, beta, epsilon).normal);
  const evaluation = await GraphEvaluation.open(native, graph);
  const [y] = evaluation.values([{ value: x, shape: [2, 2], data: Float32Array.of(1, Number.NaN, 2, 3) }], [output]);
  evaluation.graph.dispose();
  t.true(Number.isNaN(y?.[1]) && Number.isNaN(y?.[3]));
  t.true(Math.abs((y?.[2] ?? 0) - 0.5 / Math.sqrt(0.25 + epsilon)) < 1e-6);
});
