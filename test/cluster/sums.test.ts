import test from 'ava';
import { RandomStream } from '../../src/base/random.js';
import { Chain } from '../../src/cluster/chain.js';
import { chunkFloats } from '../../src/cluster/chunks.js';
import { Slices } from '../../src/cluster/slices.js';
import type { ClusterSum } from '../../src/contracts/index.js';
import { openReducer } from '../../src/kernels/index.js';
import { FakeNetwork } from '../support/fake-mpi.js';

/** Floats of an array: two chunks, and a part of one. */
const length = 2 * chunkFloats + 160;
const ranges = [
  { begin: 0, end: chunkFloats + 64 },
  { begin: chunkFloats + 96, end: length },
];

interface Layout {
  /** Coefficients of each rank's arrays. */
  readonly coefficients: readonly (readonly number[])[];
  readonly carry: number;
}

/** Sums on ranks that take turns; gives what each has, and what one loop over all arrays in order gives. */
function summed({ coefficients, carry }: Layout, seed: number, method: 'chain' | 'slices' = 'chain') {
  const random = new RandomStream(seed, 'test');
  const draw = () => Float32Array.from({ length }, () => (random.below(2001) - 1000) / 700);
  const carried = draw();
  const arrays = coefficients.map((own) => own.map(draw));
  const network = new FakeNetwork(coefficients.length, seed);
  const ranks = coefficients.map((own, rank) => {
    const memory = new WebAssembly.Memory({ initial: 96, maximum: 96, shared: true });
    const place = (index: number) => index * length * 4;
    const view = (index: number) => new Float32Array(memory.buffer, place(index), length);
    view(0).set(carried);
    (arrays[rank] ?? []).forEach((array, index) => view(index + 1).set(array));
    const addresses = own.flatMap((coefficient, index) => (coefficient === 0 ? [] : [place(index + 1)]));
    const counting = coefficients.map((each) => each.filter((value) => value !== 0));
    const sum: Omit<ClusterSum, 'memory'> = { destination: 0, ranges, carry, addresses, coefficients: counting };
    const bytes = new Uint8Array(memory.buffer);
    const [mpi, reduce] = [network.rank(rank), openReducer(memory)];
    const staging = place(own.length + 1);
    const operation =
      method === 'chain' ? new Chain(mpi, bytes, reduce, sum) : new Slices(mpi, bytes, reduce, sum, staging);
    return { operation, result: view(0), done: false };
  });
  for (let turns = 0; ranks.some(({ done }) => !done); turns++) {
    if (turns > 100_000) throw new Error('the ranks wait for each other');
    for (const rank of ranks) if (!rank.done) rank.done = rank.operation.advance() === 'done';
  }
  const expected = Float32Array.from(carried);
  const f = Math.fround;
  const terms = [
    ...(carry === 0 ? [] : [{ coefficient: carry, array: carried }]),
    ...coefficients.flatMap((own, rank) =>
      own.map((coefficient, index) => ({ coefficient, array: arrays[rank]?.[index] ?? carried })),
    ),
  ].filter(({ coefficient }) => coefficient !== 0);
  for (const { begin, end } of ranges) {
    for (let i = begin; i < end; i++) {
      let sum: number | undefined;
      for (const { coefficient, array } of terms) {
        const term = f(f(coefficient) * (array[i] as number));
        sum = sum === undefined ? term : f(sum + term);
      }
      expected[i] = sum as number;
    }
  }
  return { results: ranks.map(({ result }) => result), expected, sent: network.sent };
}

const layouts: Readonly<Record<string, Layout>> = {
  'two ranks': { coefficients: [[0.3, 0.2], [0.5]], carry: 0 },
  'one that adds more arrays than a loop reads, behind what was carried': {
    coefficients: [[0.1], [0.1, 0.2, 0.1, 0.05, 0.05, 0.1], [0.05]],
    carry: 0.25,
  },
  'first and last without arrays': { coefficients: [[0], [0.5], [0.5, 0], [0, 0]], carry: 0 },
  'one rank alone adds, with coefficient 1': { coefficients: [[0], [1], [0]], carry: 0 },
};

for (const [name, layout] of Object.entries(layouts)) {
  test(`every rank gets the sum of all arrays from left to right, to the bit, by chain and by slices: ${name}`, (t) => {
    for (const [seed, method] of [
      [1, 'chain'],
      [2, 'slices'],
    ] as const) {
      const { results, expected } = summed(layout, seed, method);
      for (const result of results)
        t.deepEqual(new Uint32Array(result.slice().buffer), new Uint32Array(expected.buffer));
    }
  });
}

test('what was carried alone is multiplied once', (t) => {
  const { results, expected } = summed({ coefficients: [[0], [0]], carry: 0.5 }, 5);
  for (const result of results) t.deepEqual(result.slice(), expected);
});

test('in slices each rank sends its arrays to the others, and its sums', (t) => {
  const floats = ranges.reduce((sum, { begin, end }) => sum + end - begin, 0);
  const { sent } = summed({ coefficients: [[0.25], [0.25, 0.25], [0.25]], carry: 0 }, 6, 'slices');
  const slice = Math.ceil(floats / 3 / 16) * 16; // the last one is shorter
  const slices = [slice, slice, floats - 2 * slice];
  const expected = slices.map((own, rank) => 4 * ((floats - own) * (rank === 1 ? 2 : 1) + 2 * own));
  t.deepEqual(sent, expected);
});

test('ranks at the ends of a chain send the arrays once, those between them twice', (t) => {
  const floats = ranges.reduce((sum, { begin, end }) => sum + end - begin, 0);
  const { sent } = summed({ coefficients: [[0.25], [0.25], [0.25], [0.25]], carry: 0 }, 3);
  t.deepEqual(
    sent,
    [1, 2, 2, 1].map((times) => times * floats * 4),
  );
});
