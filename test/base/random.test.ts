import test from 'ava';
import { hash32, permutation, RandomStream } from '../../src/base/random.js';

/** Chi-square of counts against equal expectation. */
function chiSquare(counts: readonly number[], expected: number): number {
  return counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

// A chi-square variable of f degrees of freedom has mean f and variance 2f; for f = 255 it is near enough to normal
// that mean + 5 deviations, 255 + 5 * 22.6 = 368, is passed by chance in fewer than one of 100,000 seeds, and the seeds
// here are fixed. Below 142 (mean - 5 deviations) numbers would be too even to be random.
const bounds = { low: 142, high: 368 };

test('uint32 is uniform in its high and in its low byte', (t) => {
  const random = new RandomStream(1, 'test', 0);
  const high = Array<number>(256).fill(0);
  const low = Array<number>(256).fill(0);
  for (let i = 0; i < 256_000; i++) {
    const value = random.uint32();
    high[value >>> 24]! += 1;
    low[value & 255]! += 1;
  }
  for (const [name, counts] of [
    ['high', high],
    ['low', low],
  ] as const) {
    const found = chiSquare(counts, 1000);
    t.true(found > bounds.low && found < bounds.high, `${name} byte: ${found}`);
  }
});

test('first numbers of streams at neighbouring places are uniform too', (t) => {
  const counts = Array<number>(256).fill(0);
  for (let sample = 0; sample < 64_000; sample++) {
    counts[new RandomStream(7, 'augment', 3, sample).below(256)]! += 1;
  }
  const found = chiSquare(counts, 250);
  t.true(found > bounds.low && found < bounds.high, `${found}`);
});

test('hashes of neighbouring seeds, purposes and places differ in half of their bits', (t) => {
  const bits = (value: number): number => {
    let count = 0;
    for (let rest = value >>> 0; rest !== 0; rest >>>= 1) count += rest & 1;
    return count;
  };
  const pairs = Array.from({ length: 1000 }, (_, i) => [
    bits(hash32(i, 'shuffle', 0) ^ hash32(i + 1, 'shuffle', 0)),
    bits(hash32(0, 'shuffle', i) ^ hash32(0, 'shuffle', i + 1)),
    bits(hash32(0, 'shuffle', i) ^ hash32(0, 'dropout', i)),
  ]);
  for (let column = 0; column < 3; column++) {
    const mean = pairs.reduce((sum, row) => sum + (row[column] as number), 0) / pairs.length;
    // 1000 draws of Binomial(32, 1/2) have a mean of 16 with a deviation of sqrt(8 / 1000) = 0.089; five of them.
    t.true(Math.abs(mean - 16) < 0.45, `column ${column}: ${mean}`);
  }
});

test('every number of the place counts, and so does how many there are', (t) => {
  const places = [[], [0], [0, 0], [1], [0, 1], [1, 0], [2 ** 32], [2 ** 32 + 1], [2 ** 40]];
  const hashes = places.map((place) => hash32(5, 'test', ...place));
  t.is(new Set(hashes).size, places.length);
  t.not(hash32(2 ** 32, 'test'), hash32(0, 'test'), 'the high half of a seed counts');
  t.is(hash32(5, 'test', 1, 2), hash32(5, 'test', 1, 2), 'a function of nothing else');
});

test('a stream does not depend on what other streams do', (t) => {
  const alone = new RandomStream(3, 'test', 1);
  const first = Array.from({ length: 5 }, () => alone.uint32());
  const again = new RandomStream(3, 'test', 1);
  const other = new RandomStream(3, 'test', 2);
  const second = Array.from({ length: 5 }, () => {
    other.uint32();
    return again.uint32();
  });
  t.deepEqual(second, first);
});

test('uniform numbers lie in [0, 1) with the mean and variance of a uniform distribution', (t) => {
  const random = new RandomStream(2, 'test');
  const count = 100_000;
  const values = Array.from({ length: count }, () => random.uniform());
  t.true(values.every((value) => value >= 0 && value < 1));
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const variance = values.reduce((sum, value) => sum + (value - 0.5) ** 2, 0) / count;
  // Mean 1/2 with a deviation of sqrt(1/12 / n) = 0.00091; E[(x - 1/2)^2] = 1/12 with sqrt(1/180 / n) = 0.00024.
  t.true(Math.abs(mean - 0.5) < 0.0046, `mean ${mean}`);
  t.true(Math.abs(variance - 1 / 12) < 0.0012, `variance ${variance}`);
});

test('normal numbers have mean 0, variance 1 and the tails of a normal distribution', (t) => {
  const random = new RandomStream(4, 'test');
  const count = 100_000;
  const values = Array.from({ length: count }, () => random.normal());
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const variance = values.reduce((sum, value) => sum + value ** 2, 0) / count;
  const beyond = values.filter((value) => Math.abs(value) > 1.959964).length / count;
  // Deviations at this count: mean 0.0032, variance sqrt(2 / n) = 0.0045, share beyond 0.05: 0.00069. Five of each.
  t.true(Math.abs(mean) < 0.016, `mean ${mean}`);
  t.true(Math.abs(variance - 1) < 0.023, `variance ${variance}`);
  t.true(Math.abs(beyond - 0.05) < 0.0035, `share beyond 1.96: ${beyond}`);
});

test('below gives every integer under its limit equally often', (t) => {
  const random = new RandomStream(6, 'test');
  const counts = Array<number>(6).fill(0);
  for (let i = 0; i < 60_000; i++) counts[random.below(6)]! += 1;
  // 5 degrees of freedom: 35.9 is passed by chance once in a million.
  t.true(chiSquare(counts, 10_000) < 35.9, counts.join(' '));
});

test('a permutation holds every index once, and all orders are equally likely', (t) => {
  for (const count of [0, 1, 2, 1000]) {
    const order = permutation(count, new RandomStream(8, 'test', count));
    t.deepEqual(
      [...order].sort((a, b) => a - b),
      Array.from({ length: count }, (_, i) => i),
    );
  }
  const seen = new Map<string, number>();
  for (let i = 0; i < 24_000; i++) {
    const key = permutation(4, new RandomStream(9, 'test', i)).join('');
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  t.is(seen.size, 24);
  // 23 degrees of freedom: mean 23, deviation 6.8; 73 is passed once in a million.
  t.true(chiSquare([...seen.values()], 1000) < 73);
});
