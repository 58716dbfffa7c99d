import test from 'ava';
import { RandomStream } from '../../../src/base/random.js';
import { gradients } from '../../../src/graph/gradients/reverse.js';
import type { Native } from '../../../src/native/index.js';
import { normalizeBatch } from '../../../src/ops/batch-norm.js';
import { GraphBuilder } from '../../../src/ops/builder.js';
import { binary, cast } from '../../../src/ops/elementwise.js';
import { relu } from '../../../src/ops/rectify.js';
import { reduce } from '../../../src/ops/reduce.js';
import type { Shape, Value } from '../../../src/ops/types.js';
import { relativeDifference } from '../../support/engine-run.js';
import { type Feed, GraphEvaluation } from '../../support/graph-eval.js';

const kernels = ['ConvoyBatchNorm'];
const epsilon = 1e-3;

/** Numbers of one channel after the other lie around `mean`, by at most `spread`. */
interface Case {
  readonly shape: readonly number[];
  readonly mean?: number;
  readonly spread?: number;
}

/** What follows the normalization: nothing, a ReLU, or the sum of both, which uses it twice. */
const ends = {
  plain: (_graph: GraphBuilder, normal: Value): Value => normal,
  rectified: (graph: GraphBuilder, normal: Value): Value => relu(graph, normal),
  'plain and rectified': (graph: GraphBuilder, normal: Value): Value =>
    binary(graph, 'AddV2', normal, relu(graph, normal)),
};
type End = keyof typeof ends;

const cases: readonly Case[] = [
  // Channels that fill vectors, that leave a rest and that are fewer than lanes; rows that fill blocks and lines, and that do not.
  { shape: [300, 1] },
  { shape: [7, 3] },
  { shape: [5, 9, 7, 3] },
  { shape: [4, 31, 6] },
  { shape: [3, 11, 13, 10] },
  { shape: [8, 32, 32, 16] },
  { shape: [6, 15, 17, 24] },
  { shape: [3, 14, 9, 33] },
  { shape: [130, 64] },
  { shape: [37, 700] },
  { shape: [1, 5] },
  // So many rows that float32, adding up one after the other, would lose three digits.
  { shape: [8, 128, 128, 3] },
  // E[x^2] - E[x]^2 in float32 would be all rounding.
  { shape: [8, 16, 16, 16], mean: 100, spread: 0.1 },
];

/** In float64, as the definitions have it. `slope` is the gradient of the output. */
function reference(
  x: Float32Array,
  channels: number,
  gamma: Float32Array,
  beta: Float32Array,
  slope: Float32Array,
  end: End,
): Readonly<
  Record<'output' | 'mean' | 'variance' | 'x' | 'gamma' | 'beta' | 'gammaTerms' | 'betaTerms', Float64Array>
> {
  const rows = x.length / channels;
  const made = (length: number): Float64Array => new Float64Array(length);
  const result = {
    output: made(x.length),
    mean: made(channels),
    variance: made(channels),
    x: made(x.length),
    gamma: made(channels),
    beta: made(channels),
    /** Sums of the absolute values of what gamma's and beta's gradients are sums of. */
    gammaTerms: made(channels),
    betaTerms: made(channels),
  };
  const [forward, gradient] = {
    plain: [(y: number) => y, () => 1],
    rectified: [(y: number) => Math.max(y, 0), (y: number) => (y > 0 ? 1 : 0)],
    'plain and rectified': [(y: number) => y + Math.max(y, 0), (y: number) => (y > 0 ? 2 : 1)],
  }[end] as [(y: number) => number, (y: number) => number];
  for (let channel = 0; channel < channels; channel++) {
    const own = Array.from({ length: rows }, (_, row) => x[row * channels + channel] as number);
    const mean = own.reduce((sum, value) => sum + value, 0) / rows;
    const variance = own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / rows;
    const deviation = Math.sqrt(variance + epsilon);
    const [scale, shift] = [gamma[channel] as number, beta[channel] as number];
    const normal = own.map((value) => (value - mean) / deviation);
    const slopes = normal.map(
      (value, row) => (slope[row * channels + channel] as number) * gradient(value * scale + shift),
    );
    const [average, along] = [slopes, slopes.map((g, row) => g * (normal[row] as number))].map(
      (terms) => terms.reduce((sum, term) => sum + term, 0) / rows,
    ) as [number, number];
    result.mean[channel] = mean;
    result.variance[channel] = variance;
    result.gamma[channel] = along * rows;
    result.beta[channel] = average * rows;
    result.gammaTerms[channel] = slopes.reduce((sum, g, row) => sum + Math.abs(g * (normal[row] as number)), 0);
    result.betaTerms[channel] = slopes.reduce((sum, g) => sum + Math.abs(g), 0);
    for (const [row, value] of normal.entries()) {
      result.output[row * channels + channel] = forward(value * scale + shift);
      result.x[row * channels + channel] = (scale / deviation) * ((slopes[row] as number) - average - value * along);
    }
  }
  return result;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** The bfloat16 next to a number that is finite, of two the one with an even last bit. */
function rounded(value: number): number {
  const unit = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(value))), -126) - 7);
  if (value === 0) return 0;
  const units = value / unit;
  const below = Math.floor(units);
  const up = units - below > 0.5 || (units - below === 0.5 && below % 2 !== 0);
  return (up ? below + 1 : below) * unit;
}

/** By type how inputs are rounded, and by how much of itself an output may be off for being rounded. */
const types = {
  float32: { round: (values: Float32Array) => values, half: 0 },
  bfloat16: { round: (values: Float32Array) => values.map(rounded), half: 2 ** -8 },
} as const;
type NumberType = keyof typeof types;

function normalizedAsDefined(native: Native, type: NumberType, { shape, mean = 0, spread = 1 }: Case, end: End): void {
  const title = `${type} [${shape.join(', ')}] around ${mean} by ${spread}, ${end}: as in float64`;
  test.serial(title, async (t) => {
    const { round, half } = types[type];
    const channels = shape.at(-1) as number;
    const stream = new RandomStream(0, 'test', ...shape);
    const drawn = (length: number, middle: number, reach: number): Float32Array =>
      Float32Array.from({ length }, () => middle + reach * (2 * stream.uniform() - 1));
    const length = sizeOf(shape);
    const [x, gamma, beta] = [
      round(drawn(length, mean, spread)),
      drawn(channels, 1, 0.5),
      drawn(channels, 0, 0.5),
    ] as const;
    const data = [x, gamma, beta, round(drawn(length, 0.2, 1))] as const;
    const expected = reference(data[0], channels, data[1], data[2], data[3], end);

    const graph = new GraphBuilder({ kernels });
    const shapes = [[-1, ...shape.slice(1)], [channels], [channels]];
    const inputs = shapes.map((each, index) => graph.placeholder(`input${index}`, 'float32', each)) as [
      Value,
      Value,
      Value,
    ];
    const slope = graph.placeholder('slope', 'float32', inputs[0].shape);
    const { normal, statistics } = normalizeBatch(graph, cast(graph, inputs[0], type), inputs[1], inputs[2], epsilon);
    const ended = ends[end](graph, normal);
    t.is(ended.node.op, end === 'plain and rectified' ? 'AddV2' : 'ConvoyBatchNorm');
    const output = cast(graph, ended, 'float32');
    const derived = gradients(graph, reduce(graph, 'Sum', binary(graph, 'Mul', output, slope)), inputs) as Value[];
    const evaluation = await GraphEvaluation.open(native, graph);
    const sizes = [shape, [channels], [channels], shape];
    const feeds = [...inputs, slope].map(
      (value, index): Feed => ({
        value,
        data: data[index] as Float32Array,
        shape: sizes[index] as Shape,
      }),
    );
    const found = evaluation.values(feeds, [output, statistics.mean, statistics.variance, ...derived]);
    evaluation.graph.dispose();
    const [y, means, variances, ofX, ofGamma, ofBeta] = found;

    // A few roundings of 2^-24 each, wherever sums are exact; those of blocks of 32 float32 numbers add a few more.
    for (let channel = 0; channel < channels; channel++) {
      const [middle, variance] = [expected.mean[channel] as number, expected.variance[channel] as number];
      const unit = Math.abs(middle) + Math.sqrt(variance);
      const near = (name: string, got: number | undefined, wanted: number | undefined, most: number): void => {
        const difference = Math.abs((got ?? Number.NaN) - (wanted ?? Number.NaN));
        t.true(difference <= most, `${name} of channel ${channel}: ${got} for ${wanted}`);
      };
      near('mean', means?.[channel], middle, 2 ** -23 * unit);
      near('variance', variances?.[channel], variance, 5e-7 * variance);
      near(
        'gradient to gamma',
        ofGamma?.[channel],
        expected.gamma[channel],
        1e-6 * (expected.gammaTerms[channel] as number),
      );
      near(
        'gradient to beta',
        ofBeta?.[channel],
        expected.beta[channel],
        1e-6 * (expected.betaTerms[channel] as number),
      );
    }
    for (const [name, got, wanted, bound] of [
      ['output', y, expected.output, 5e-7],
      ['gradient to x', ofX, expected.x, 2e-6],
    ] as const) {
      const difference = relativeDifference(beyond(got as Float32Array, wanted, half), Float32Array.from(wanted));
      t.true(difference < bound, `${name}: ${difference}`);
    }
  });
}

/** `got`, where it is off by no more than half a unit of bfloat16 just what is wanted, else by so much less. */
function beyond(got: Float32Array, wanted: Float64Array, half: number): Float32Array {
  return got.map((value, index) => {
    const exact = wanted[index] as number;
    const away = value - exact;
    return exact + Math.sign(away) * Math.max(0, Math.abs(away) - half * Math.abs(exact));
  });
}

/** What the ops make of rows of two channels: y, rectified, mean and variance. */
async function ofRows(
  native: Native,
  rows: readonly number[],
  gamma: readonly number[] = [1, 1],
  type: NumberType = 'float32',
): Promise<readonly Float32Array[]> {
  const graph = new GraphBuilder({ kernels });
  const x = graph.placeholder('x', 'float32', [-1, 2]);
  const vectors = [graph.constant(gamma, 'float32', [gamma.length]), graph.constant(0, 'float32', [2])] as const;
  const { normal, statistics } = normalizeBatch(graph, cast(graph, x, type), ...vectors, epsilon);
  const wanted = [cast(graph, relu(graph, normal), 'float32'), statistics.mean, statistics.variance];
  const evaluation = await GraphEvaluation.open(native, graph);
  try {
    return evaluation.values([{ value: x, data: Float32Array.from(rows), shape: [rows.length / 2, 2] }], wanted);
  } finally {
    evaluation.graph.dispose();
  }
}

/** Batch normalization and its gradients, against float64. */
export default (native: Native): void => {
  for (const each of cases) {
    // What follows changes no sum over rows: of many rows, one end is enough.
    const float32: readonly End[] = sizeOf(each.shape) > 2 ** 17 ? ['rectified'] : (Object.keys(ends) as End[]);
    for (const end of float32) normalizedAsDefined(native, 'float32', each, end);
    // What is used twice has a sum that is rounded again.
    const bfloat16 = float32.filter((end) => end !== 'plain and rectified');
    for (const end of bfloat16) normalizedAsDefined(native, 'bfloat16', each, end);
  }

  test.serial('equal numbers have no variance, whatever they are', async (t) => {
    const [y, mean, variance] = await ofRows(native, Array<number>(6000).fill(1234.567));
    t.deepEqual(mean, Float32Array.of(1234.567, 1234.567));
    t.deepEqual(variance, Float32Array.of(0, 0));
    t.true(y?.every((value) => value === 0));
  });

  for (const type of Object.keys(types) as NumberType[])
    test.serial(`NaN makes its channel NaN, and no other: ${type}`, async (t) => {
      const rows = Array.from({ length: 600 }, (_, place) => (place === 301 ? Number.NaN : place));
      for (const values of await ofRows(native, rows, [1, 1], type))
        t.true(values.every((value, place) => Number.isNaN(value) === (place % 2 === 1)));
    });

  test.serial('vectors of another size are refused', async (t) => {
    const message =
      /ConvoyBatchStatistics: Expected 1 elements on axis 0, as on axis 0 of gamma, for beta but received 2/;
    await t.throwsAsync(ofRows(native, [1, 2, 3, 4], [1]), { message });
  });
};
