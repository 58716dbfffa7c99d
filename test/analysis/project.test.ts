import test from 'ava';
import { z } from 'zod';
import { project } from '../../src/analysis/index.js';
import { ConvoyError } from '../../src/base/errors.js';
import { RandomStream } from '../../src/base/random.js';
import { datasetFromIdx, nearestNeighbourAccuracy } from '../support/neighbours.js';
import { readParity } from '../support/parity.js';

const { pca } = z
  .object({ pca: z.object({ x: z.array(z.array(z.number())), projection: z.array(z.array(z.number())) }) })
  .parse(readParity('metrics.json'));

test('PCA is that of scikit-learn', async (t) => {
  const found = await project({ values: pca.x.flat(), count: pca.x.length, dimensions: 8 }, 'pca');
  for (const axis of [0, 1]) {
    const expected = pca.projection.map((row) => row[axis] ?? 0);
    const own = expected.map((_, i) => found[2 * i + axis] ?? 0);
    // An axis may point either way.
    const sign = Math.sign(own.reduce((sum, value, i) => sum + value * (expected[i] ?? 0), 0));
    for (const [i, value] of expected.entries()) t.true(Math.abs(value - sign * (own[i] ?? 0)) < 1e-6, `${axis} ${i}`);
  }
});

/** Three groups far apart in 60 dimensions. */
function groups(count: number): { values: Float64Array; labels: number[] } {
  const stream = new RandomStream(3, 'test', count);
  const labels = Array.from({ length: count }, (_, i) => i % 3);
  const values = Float64Array.from({ length: count * 60 }, (_, k) => {
    const label = labels[Math.floor(k / 60)] ?? 0;
    return (k % 60 === label ? 12 : 0) + stream.normal();
  });
  return { values, labels };
}

for (const method of ['tsne', 'umap'] as const) {
  test(`${method} keeps groups apart, and gives the same map again`, async (t) => {
    const { values, labels } = groups(90);
    const points = { values, count: 90, dimensions: 60 };
    const map = await project(points, method, { neighbours: 10 });
    t.is(map.length, 180);
    t.is(nearestNeighbourAccuracy(map, labels), 1);
    t.deepEqual(await project(points, method, { neighbours: 10 }), map);
  });
}

test('points of one dimension lie on a line', async (t) => {
  const map = await project({ values: [1, 2, 4], count: 3, dimensions: 1 }, 'pca');
  t.deepEqual([map[1], map[3], map[5]], [0, 0, 0]);
});

test('another method and too few points are refused', async (t) => {
  const points = { values: [1, 2, 3, 4], count: 2, dimensions: 2 };
  await t.throwsAsync(project(points, 'mds' as 'pca'), {
    instanceOf: ConvoyError,
    message: /one of pca, tsne, umap for method/,
  });
  await t.throwsAsync(project(points, 'umap'), { instanceOf: ConvoyError, message: /4 points or more/ });
});

const data = process.env['CONVOY_TEST_TSNE'];
(data === undefined ? test.skip : test)('t-SNE keeps 2,000 digits of MNIST apart', async (t) => {
  t.timeout(600_000);
  const { pixels, labels } = datasetFromIdx(data ?? '', 2000);
  const map = await project({ values: pixels, count: 2000, dimensions: 784 }, 'tsne');
  const accuracy = nearestNeighbourAccuracy(map, labels);
  t.true(accuracy >= 0.9, `accuracy of the nearest neighbour in the map: ${accuracy}`);
});
