import test, { type ExecutionContext } from 'ava';
import { z } from 'zod';
import {
  activationPictures,
  filterPictures,
  jointProbabilities,
  layerOutputs,
  type Points,
  pca,
  tsne,
} from '../../src/analysis/index.js';
import { ConvoyError } from '../../src/base/errors.js';
import { tf } from '../../src/base/tf.js';
import { loadNative } from '../../src/native/index.js';
import { readParity } from '../support/parity.js';

const numbers = z.array(z.number());

const shared = z
  .object({ pca: z.object({ x: z.array(numbers), explained_variance_ratio: numbers, projection: z.array(numbers) }) })
  .parse(readParity('metrics.json')).pca;
const reference = z
  .object({
    pca: z.object({ explainedVariance: numbers, ratio: numbers, projection: z.array(numbers) }),
    affinities: numbers,
    divergence: z.number(),
  })
  .parse(readParity('analysis.json'));

function points(count: number, dimensions: number, value: (i: number, j: number) => number): Points {
  const values = Float64Array.from({ length: count * dimensions }, (_, k) =>
    value(Math.floor(k / dimensions), k % dimensions),
  );
  return { values, count, dimensions };
}

// Three groups in four dimensions; the reference was computed from the same formula.
const groups = points(45, 4, (i, j) => (i % 3 === j ? 6 : 0) + Math.sin(1.7 * (i + 1) * (j + 2)));

function near(
  t: ExecutionContext,
  actual: ArrayLike<number>,
  expected: readonly number[],
  what: string,
  within = 1e-6,
): void {
  t.is(actual.length, expected.length, what);
  expected.forEach((value, i) => {
    t.true(Math.abs((actual[i] ?? Number.NaN) - value) <= within, `${what}[${i}]: ${actual[i]}, not ${value}`);
  });
}

function column(rows: readonly (readonly number[])[], k: number): number[] {
  return rows.map((row) => row[k] as number);
}

/** A column of a projection, turned so that it points the way the reference does. */
function turned(projection: Float64Array, components: number, k: number, like: readonly number[]): number[] {
  const values = Array.from({ length: like.length }, (_, i) => projection[i * components + k] as number);
  const sign = Math.sign(values.reduce((sum, value, i) => sum + value * (like[i] as number), 0));
  return values.map((value) => value * sign);
}

test('principal components are those of scikit-learn', (t) => {
  const { x } = shared;
  const result = pca({ values: x.flat(), count: x.length, dimensions: 8 });
  near(t, result.explainedVarianceRatio, shared.explained_variance_ratio, 'ratio');
  for (const k of [0, 1])
    near(t, turned(result.projection, 2, k, column(shared.projection, k)), column(shared.projection, k), `axis ${k}`);
  for (const axis of result.axes) {
    const peak = axis.reduce((most, value) => (Math.abs(value) > Math.abs(most) ? value : most), 0);
    t.true(peak > 0);
  }
});

test('a few components of a space of more dimensions than points are exact too', (t) => {
  const wide = points(
    60,
    150,
    (i, j) => Math.sin((0.7 * (i + 1) * (j + 1)) % 7) + (i % 3) * Math.cos(j * 0.3) + 0.05 * i * Math.sin(0.11 * j),
  );
  const result = pca(wide, 3);
  near(
    t,
    result.explainedVariance,
    reference.pca.explainedVariance,
    'variance',
    1e-6 * (reference.pca.explainedVariance[0] as number),
  );
  near(t, result.explainedVarianceRatio, reference.pca.ratio, 'ratio');
  for (const k of [0, 1, 2]) {
    const expected = column(reference.pca.projection, k);
    near(t, turned(result.projection, 3, k, expected), expected, `axis ${k}`);
  }
});

test('points that do not vary have components without variance', (t) => {
  const result = pca(
    points(3, 4, () => 7),
    2,
  );
  t.deepEqual([...result.explainedVariance, ...result.explainedVarianceRatio], [0, 0, 0, 0]);
  t.deepEqual([...result.projection], [0, 0, 0, 0, 0, 0]);
});

test('neighbour probabilities of t-SNE are those of scikit-learn', (t) => {
  near(t, jointProbabilities(groups, 8), reference.affinities, 'probability', 1e-7);
});

test('t-SNE keeps groups together, reaches the divergence of scikit-learn and repeats itself', (t) => {
  const { embedding, divergence } = tsne(groups, { perplexity: 8 });
  // Runs of scikit-learn from other starts end between 0.207 and 0.236, from this one at the reference.
  t.true(Math.abs(divergence - reference.divergence) < 0.15 * reference.divergence, `${divergence}`);
  const distance = (i: number, j: number): number =>
    Math.hypot(
      (embedding[2 * i] as number) - (embedding[2 * j] as number),
      (embedding[2 * i + 1] as number) - (embedding[2 * j + 1] as number),
    );
  for (let i = 0; i < 45; i++) {
    const others = Array.from({ length: 45 }, (_, j) => j).filter((j) => j !== i);
    const nearest = others.reduce((best, j) => (distance(i, j) < distance(i, best) ? j : best));
    t.is(nearest % 3, i % 3, `point ${i}`);
  }
  t.deepEqual(tsne(groups, { perplexity: 8 }).embedding, embedding);
});

test('too few points, too many components and a perplexity that does not fit are refused', (t) => {
  const code = (run: () => unknown): string | undefined => t.throws(run, { instanceOf: ConvoyError })?.code;
  t.is(
    code(() =>
      pca(
        points(1, 3, () => 0),
        1,
      ),
    ),
    'CONVOY_OPTION',
  );
  t.is(
    code(() => pca(groups, 5)),
    'CONVOY_OPTION',
  );
  t.is(
    code(() => tsne(points(3, 3, () => 0))),
    'CONVOY_OPTION',
  );
  t.is(
    code(() => tsne(groups, { perplexity: 45 })),
    'CONVOY_OPTION',
  );
});

test('filters over colours are shown in colour, each scaled around grey for zero', (t) => {
  // Two 1x2 filters; [height, width, inputs, filters] with the filter running fastest.
  const first = [
    [1, 0, -1],
    [0.5, -0.5, 0],
  ]; // [column][color], largest weight 1
  const second = [
    [4, 4, 4],
    [-4, 0, 2],
  ]; // largest weight 4
  const kernel = [0, 1].flatMap((c) => [0, 1, 2].flatMap((k) => [first[c]?.[k] as number, second[c]?.[k] as number]));
  const { pictures, perFilter } = filterPictures(kernel, [1, 2, 3, 2]);
  t.is(perFilter, 1);
  // 127.5 (1 + w / largest), rounded half up.
  const shape = { width: 2, height: 1, channels: 3 };
  t.deepEqual(pictures, [
    { ...shape, label: '0', pixels: Uint8Array.of(255, 128, 0, 191, 64, 128) },
    { ...shape, label: '1', pixels: Uint8Array.of(255, 255, 255, 0, 128, 191) },
  ]);
});

test('a filter over many channels is a grey picture for each of the first sixteen', (t) => {
  // Filter f has the weight f + 1 for channel 5 and 0 elsewhere.
  const kernel = Float32Array.from({ length: 20 * 4 }, (_, i) => (Math.floor(i / 4) === 5 ? 1 + (i % 4) : 0));
  const { pictures, perFilter, filters } = filterPictures(kernel, [1, 1, 20, 4]);
  t.deepEqual([perFilter, filters, pictures.length], [16, 4, 64]);
  for (const [index, { pixels, channels }] of pictures.entries()) {
    t.is(channels, 1);
    t.deepEqual([...pixels], [index % 16 === 5 ? 255 : 128]);
  }
});

test('activation maps are scaled by channel from black to white', (t) => {
  // [1, 2, 3]: channel 0 is 2 and 4, channel 1 is -1 and -5, channel 2 is 7 twice.
  const maps = activationPictures([2, -1, 7, 4, -5, 7], [1, 2, 3]);
  t.deepEqual(
    maps.map(({ pixels }) => [...pixels]),
    [
      [0, 255],
      [255, 0],
      [0, 0],
    ],
  );
  const error = t.throws(() => activationPictures([1, 2], [1, 1, 3]), { instanceOf: ConvoyError });
  t.is(error?.code, 'CONVOY_OPTION');
});

test.before(async () => {
  await loadNative();
});

test('the output of an inner layer is what the layers before it make of the input', (t) => {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ inputShape: [2], units: 2, name: 'features', useBias: false }),
      tf.layers.dense({ units: 1, name: 'head' }),
    ],
  });
  model.getLayer('features').setWeights([
    tf.tensor2d([
      [1, 2],
      [3, 4],
    ]),
  ]);
  const input = tf.tensor2d([[10, 1]]);
  const before = tf.memory().numTensors;
  const output = layerOutputs(model, 'features', input);
  t.deepEqual([...output.dataSync()], [10 * 1 + 1 * 3, 10 * 2 + 1 * 4]);
  t.is(tf.memory().numTensors, before + 1);
  const error = t.throws(() => layerOutputs(model, 'middle', input), { instanceOf: ConvoyError });
  t.regex(error?.message ?? '', /features, head.*middle/);
});
