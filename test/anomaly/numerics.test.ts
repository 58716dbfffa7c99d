/** Numerics of PaDiM and PatchCore against NumPy, SciPy, scikit-learn and PyTorch: test/fixtures/anomaly/anomaly.py. */
import { readFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { z } from 'zod';
import { kCenter, type PointList, randomProjection } from '../../src/anomaly/core-set.js';
import { quantile, resizeMap, smoothMap } from '../../src/anomaly/maps.js';
import { fitPadim } from '../../src/anomaly/padim.js';
import { fitPatchCore, PatchCore } from '../../src/anomaly/patch-core.js';
import { cholesky, PlaceStatistics } from '../../src/anomaly/place-statistics.js';
import { RandomStream } from '../../src/base/random.js';

const numbers = z.array(z.number());
const fixture = z
  .object({
    places: z.object({
      ...{ count: z.number(), height: z.number(), width: z.number(), channels: z.number() },
      ...{ features: numbers, queries: numbers },
      ...{ means: z.array(numbers), covariances: z.array(numbers), distances: z.array(numbers) },
    }),
    maps: z.array(
      z.object({ height: z.number(), width: z.number(), sigma: z.number(), values: numbers, smoothed: numbers }),
    ),
    resized: z.array(z.object({ from: numbers, to: numbers, values: numbers, result: numbers })),
    kCenter: z.object({ points: numbers, dimensions: z.number(), first: z.number(), chosen: numbers }),
    patchCore: z.object({
      ...{ patches: numbers, bank: z.number(), neighbours: z.number(), distances: numbers, score: z.number() },
    }),
    quantiles: z.object({ values: numbers, shares: numbers, result: numbers }),
  })
  .parse(JSON.parse(readFileSync(new URL('../../../test/fixtures/anomaly/anomaly.json', import.meta.url), 'utf8')));

function near(t: ExecutionContext, found: ArrayLike<number>, expected: readonly number[], tolerance: number): void {
  t.is(found.length, expected.length);
  const off = Math.max(...expected.map((value, place) => Math.abs(value - (found[place] ?? Number.NaN))));
  t.true(off <= tolerance, `off by ${off}`);
}

const { places } = fixture;
const { count, height, width, channels } = places;
const grid = { height, width, channels };
const each = height * width * channels;
const batch = (from: number, to: number) => ({
  ...grid,
  count: to - from,
  values: Float32Array.from(places.features.slice(from * each, to * each)),
});

test("means and covariances at each place are NumPy's, in whatever batches the images come", (t) => {
  for (const cut of [1, 5, count - 1]) {
    const statistics = new PlaceStatistics(grid);
    statistics.add(batch(0, cut));
    statistics.add(batch(cut, count));
    near(t, statistics.mean, places.means.flat(), 1e-12);
    near(t, statistics.covariance(0.01), places.covariances.flat(), 1e-11);
  }
});

test('the product of a Cholesky factor with its transpose is the matrix', (t) => {
  for (const matrix of places.covariances) {
    const factor = Float64Array.from(matrix);
    cholesky(factor, channels);
    const at = (row: number, column: number) => (column > row ? 0 : (factor[(row * (row + 1)) / 2 + column] as number));
    const product: number[] = [];
    for (let i = 0; i < channels; i++)
      for (let j = 0; j <= i; j++)
        product.push(Array.from({ length: channels }, (_, k) => at(i, k) * at(j, k)).reduce((a, b) => a + b, 0));
    near(t, product, matrix, 1e-12);
  }
});

test("PaDiM's scores are SciPy's Mahalanobis distances", (t) => {
  const fitting = fitPadim(grid);
  fitting.add(batch(0, count));
  const detector = fitting.finish();
  const queries = { ...grid, count: 3, values: Float32Array.from(places.queries) };
  for (const image of [0, 1, 2]) {
    const expected = places.distances.map((list) => list[image] as number);
    // The detector keeps float32, as its file does; features are near 50.
    near(t, detector.score(queries, image).scores, expected, 2e-4);
  }
});

test('covariances that do not fit into memory are refused before an image is read', (t) => {
  t.throws(() => fitPadim({ height: 224, width: 224, channels: 448 }), {
    code: 'CONVOY_OPTION',
    message: /fewer channels or smaller layers/,
  });
});

test("smoothing is SciPy's gaussian_filter, also where the kernel is larger than the map", (t) => {
  for (const { height: h, width: w, sigma, values, smoothed } of fixture.maps)
    near(t, smoothMap(Float64Array.from(values), { height: h, width: w }, sigma), smoothed, 1e-12);
  t.deepEqual([...smoothMap(Float64Array.of(1, 5), { height: 1, width: 2 }, 0)], [1, 5]);
});

test("resizing is PyTorch's bilinear interpolation", (t) => {
  for (const { from, to, values, result } of fixture.resized) {
    const [size, wanted] = [from, to].map(([h = 0, w = 0]) => ({ height: h, width: w }));
    near(t, resizeMap(Float64Array.from(values), size ?? grid, wanted ?? grid), result, 1e-12);
  }
});

test("quantiles are NumPy's", (t) => {
  const { values, shares, result } = fixture.quantiles;
  near(
    t,
    shares.map((share) => quantile(values, share)),
    result,
    1e-12,
  );
});

const { points, dimensions, first, chosen } = fixture.kCenter;
const list = { values: Float32Array.from(points), count: points.length / dimensions, dimensions };

test('the core set is that of a plain search in Python', (t) => {
  t.deepEqual([...kCenter(list, chosen.length, first)], chosen);
  t.deepEqual(
    [...kCenter(list, 1000, first)].sort((a, b) => a - b),
    Array.from({ length: list.count }, (_, i) => i),
  );
});

test('a random projection keeps distances, by its seed', (t) => {
  const random = new RandomStream(1, 'test');
  const wide = { values: Float32Array.from({ length: 20 * 600 }, () => random.normal()), count: 20, dimensions: 600 };
  const narrow = randomProjection(wide, 128, 5);
  t.deepEqual(narrow.values, randomProjection(wide, 128, 5).values);
  t.notDeepEqual(narrow.values, randomProjection(wide, 128, 6).values);
  t.is(randomProjection(list, 128, 5), list);
  const squares = (all: PointList, a: number, b: number) =>
    Array.from({ length: all.dimensions }, (_, i) => {
      return ((all.values[a * all.dimensions + i] as number) - (all.values[b * all.dimensions + i] as number)) ** 2;
    }).reduce((sum, square) => sum + square, 0);
  // A squared distance is that of chi-square with 128 degrees over 128: a standard deviation of sqrt(2 / 128) = 0.125.
  for (let b = 1; b < 20; b++) t.true(Math.abs(squares(narrow, 0, b) / squares(wide, 0, b) - 1) < 5 * 0.125);
});

test("PatchCore's distances and weighted score are those of the paper's equations by scikit-learn's neighbours", (t) => {
  const { patches, bank, neighbours, distances, score } = fixture.patchCore;
  const shape = { height: 2, width: 3, channels: dimensions };
  const detector = new PatchCore(shape, list.values.slice(0, bank * dimensions), neighbours);
  const result = detector.score({ ...shape, count: 1, values: Float32Array.from(patches) }, 0);
  near(t, result.scores, distances, 1e-12);
  near(t, [result.image ?? Number.NaN], [score], 1e-12);
});

test('PatchCore keeps its share of the candidates, patches of the images, by the seed', (t) => {
  const options = { images: 12, share: 0.25, candidates: 12 * 4, neighbours: 3, seed: 2 };
  const bankOf = (seed: number): Float32Array => {
    const fitting = fitPatchCore(grid, { ...options, seed });
    fitting.add(batch(0, 7));
    fitting.add(batch(7, count));
    return fitting.finish().tensors()[0]?.data ?? new Float32Array();
  };
  const bank = bankOf(2);
  t.is(bank.length, 12 * channels); // a quarter of 4 patches of 12 images
  const rows = (values: ArrayLike<number>) =>
    Array.from({ length: values.length / channels }, (_, i) =>
      Array.from(values)
        .slice(i * channels, (i + 1) * channels)
        .join(),
    );
  const known = new Set(rows(Float32Array.from(places.features)));
  t.true(rows(bank).every((row) => known.has(row)));
  t.is(new Set(rows(bank)).size, 12);
  t.deepEqual(bank, bankOf(2));
  t.notDeepEqual(bank, bankOf(3));
});
