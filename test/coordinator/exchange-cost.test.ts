import test from 'ava';
import { chainBytes, chainSeconds, leastBytes, sliceSeconds, stagingLength } from '../../src/coordinator/index.js';

/** A byte takes a microsecond, a message a second: sums by hand. */
const slow = { bandwidth: 1e6, latency: 1 };

test('a chain of two sends as little as any all-reduce, one of eight machines a seventh more', (t) => {
  t.is(chainBytes({ bytes: 100, ranks: 2, shards: 1 }), leastBytes({ bytes: 100, ranks: 2, shards: 1 }));
  const eight = { bytes: 700, ranks: 8, shards: 1 };
  t.is(leastBytes(eight), 1225); // 2 * 700 * 7 / 8
  t.is(chainBytes(eight), 1400);
});

test('seconds of a chain grow with machines by the way of a chunk, those of slices by what a rank has', (t) => {
  // 1 MB takes a second to cross, a chunk of 63,488 bytes 0.063488 s, and 3 machines are 2 apart, there and back.
  t.is(chainSeconds({ bytes: 1e6, ranks: 3, shards: 1 }, slow), 2 + 4 * (0.063488 + 1));
  // Two arrays and a sum, two thirds of each, and two messages.
  t.is(sliceSeconds({ bytes: 1e6, ranks: 3, shards: 2 }, slow), (3 * 2) / 3 + 2);
  t.is(chainSeconds({ bytes: 1e6, ranks: 1, shards: 1 }, slow), 0);
});

test('many machines with a small network sum in slices, few with a large one along a chain; factors are not summed', (t) => {
  const network = { bandwidth: 1.25e9, latency: 5e-5 };
  const small = { trainableLength: 160_000, factors: [] };
  const large = { trainableLength: 16_000_000, factors: [] };
  // 64 slices of 2,500 floats, each a multiple of 16, of 64 shards.
  t.is(stagingLength({ size: 64, network }, { ...small, shards: 64 }), 64 * 2512);
  t.is(stagingLength({ size: 2, network }, { ...large, shards: 8 }), undefined);
  const factor = { index: 0, inputs: 1000, outputs: 80, words: 1000, unit: 1280 };
  const factored = { trainableLength: 160_000 + 80_000, factors: [factor], shards: 64 };
  t.is(stagingLength({ size: 64, network }, factored), 64 * 2512);
});
