import test from 'ava';
import { batches, cumulativeWeights, epochOrder, shards, weightedOrder } from '../../src/data/index.js';

test('shards are contiguous, differ by at most one sample and put the larger ones first', (t) => {
  // Literal tables, in the manner of accelerate's sharding tests.
  const table: [batchCount: number, shardCount: number, ranges: [number, number][]][] = [
    [8, 1, [[0, 8]]],
    [
      8,
      2,
      [
        [0, 4],
        [4, 8],
      ],
    ],
    [
      8,
      4,
      [
        [0, 2],
        [2, 4],
        [4, 6],
        [6, 8],
      ],
    ],
    [
      7,
      2,
      [
        [0, 4],
        [4, 7],
      ],
    ],
    [
      9,
      4,
      [
        [0, 3],
        [3, 5],
        [5, 7],
        [7, 9],
      ],
    ],
    [
      10,
      4,
      [
        [0, 3],
        [3, 6],
        [6, 8],
        [8, 10],
      ],
    ],
    [
      11,
      4,
      [
        [0, 3],
        [3, 6],
        [6, 9],
        [9, 11],
      ],
    ],
    [
      3,
      4,
      [
        [0, 1],
        [1, 2],
        [2, 3],
        [3, 3],
      ],
    ],
    [
      1,
      3,
      [
        [0, 1],
        [1, 1],
        [1, 1],
      ],
    ],
    [
      0,
      2,
      [
        [0, 0],
        [0, 0],
      ],
    ],
  ];
  for (const [batchCount, shardCount, ranges] of table) {
    const expected = ranges.map(([begin, end]) => ({ begin, end }));
    t.deepEqual(shards(batchCount, shardCount), expected, `${batchCount} samples in ${shardCount} shards`);
  }
});

test('batches hold every sample once, in order, the last one smaller', (t) => {
  const order = Uint32Array.of(6, 0, 3, 1, 5, 2, 4);
  const cut = [...batches(order, 3)].map(({ position, samples }) => [position, ...samples]);
  t.deepEqual(cut, [
    [0, 6, 0, 3],
    [3, 1, 5, 2],
    [6, 4],
  ]);
});

test('batches from a position are the rest of the epoch', (t) => {
  const order = Uint32Array.of(6, 0, 3, 1, 5, 2, 4);
  t.deepEqual([...batches(order, 3, 3)], [...batches(order, 3)].slice(1));
  t.deepEqual([...batches(order, 3, 7)], []);
});

test('a batch size of zero is refused instead of looping forever', (t) => {
  t.throws(() => [...batches(Uint32Array.of(1), 0)], {
    code: 'CONVOY_OPTION',
    message: /positive integer for batchSize/,
  });
});

test('an epoch order is a permutation that depends on seed and epoch alone', (t) => {
  const order = epochOrder(7, 2, 1000);
  t.deepEqual(
    [...order].sort((a, b) => a - b),
    Array.from({ length: 1000 }, (_, index) => index),
  );
  t.deepEqual(epochOrder(7, 2, 1000), order);
  t.notDeepEqual(epochOrder(7, 3, 1000), order);
  t.notDeepEqual(epochOrder(8, 2, 1000), order);
});

test('a weighted order draws each sample by its share of the weights, by seed and epoch alone', (t) => {
  const weights = [1, 0, 2, 0, 5, 0];
  const count = 30_000;
  const cumulative = cumulativeWeights(Array.from({ length: count }, (_, index) => weights[index % 6] as number));
  const order = weightedOrder(7, 2, cumulative);
  t.is(order.length, count, 'the length of an epoch stays');
  const drawn = [0, 0, 0, 0, 0, 0];
  for (const sample of order) drawn[sample % 6] = (drawn[sample % 6] ?? 0) + 1;
  for (const [kind, weight] of weights.entries()) {
    const share = weight / 8;
    // Five standard deviations of a binomial count; none at all of weight 0.
    const bound = 5 * Math.sqrt(count * share * (1 - share));
    t.true(Math.abs((drawn[kind] ?? 0) - count * share) <= bound, `${drawn[kind]} of weight ${weight}`);
  }
  // With replacement: the 5,000 samples of weight 5 are drawn 3.75 times on average, so not all once.
  t.true(new Set(order).size < count / 2);
  t.deepEqual(weightedOrder(7, 2, cumulative), order);
  t.notDeepEqual(weightedOrder(7, 3, cumulative), order);
  t.notDeepEqual(weightedOrder(8, 2, cumulative), order);
});

test('a sample of weight 0 is never drawn, at the ends neither', (t) => {
  for (let epoch = 0; epoch < 50; epoch++)
    t.deepEqual([...weightedOrder(1, epoch, cumulativeWeights([0, 1e-300, 0]))], [1, 1, 1]);
});

test('an epoch order without shuffling is the identity', (t) => {
  t.deepEqual(epochOrder(7, 2, 4, false), Uint32Array.of(0, 1, 2, 3));
});
