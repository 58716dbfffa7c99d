import test from 'ava';
import { RandomStream } from '../../src/base/random.js';
import { Chain, chunkFloats } from '../../src/cluster/chain.js';
import type { ClusterSum } from '../../src/contracts/index.js';
import { openReducer } from '../../src/kernels/index.js';
import { FakeNetwork } from '../support/fake-mpi.js';

/** Floats of an array: more than a window of chunks would be slow here; several, and a part of one. */
const length = 3 * chunkFloats + 160;
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
function summed({ coefficients, carry }: Layout, seed: number) {
  const random = new RandomStream(seed, 'test');
  const draw = () => Float32Array.from({ length }, () => (random.below(2001) - 1000) / 700);
  const carried = draw();
  const arrays = coefficients.map((own) => own.map(draw));
  const network = new FakeNetwork(coefficients.length, seed);
  const ranks = coefficients.map((own, rank) => {
    const memory = new WebAssembly.Memory({ initial: 64, maximum: 64, shared: true });
    const place = (index: number) => index * length * 4;
    const view = (index: number) => new Float32Array(memory.buffer, place(index), length);
    view(0).set(carried);
    (arrays[rank] ?? []).forEach((array, index) => view(index + 1).set(array));
    const addends = own.flatMap((coefficient, index) =>
      coefficient === 0 ? [] : [{ address: place(index + 1), coefficient }],
    );
    const adding = coefficients.map((each) => each.some((value) => value !== 0));
    const sum: Omit<ClusterSum, 'memory'> = { destination: 0, ranges, carry, addends, adding };
    const bytes = new Uint8Array(memory.buffer);
    return { chain: new Chain(network.rank(rank), bytes, openReducer(memory), sum), result: view(0), done: false };
  });
  for (let turns = 0; ranks.some(({ done }) => !done); turns++) {
    if (turns > 100_000) throw new Error('the ranks wait for each other');
    for (const rank of ranks) if (!rank.done) rank.done = rank.chain.advance() === 'done';
  }
  const expected = Float32Array.from(carried);
  const f = Math.fround;
  for (const { begin, end } of ranges) {
    for (let i = begin; i < end; i++) {
      const terms = [
        ...(carry === 0 ? [] : [f(f(carry) * (carried[i] ?? 0))]),
        ...coefficients.flatMap((own, rank) =>
          own.flatMap((coefficient, index) =>
            coefficient === 0 ? [] : [f(f(coefficient) * (arrays[rank]?.[index]?.[i] ?? 0))],
          ),
        ),
      ];
      expected[i] = terms.reduce((sum, term) => f(sum + term));
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
  test(`a chain gives every rank the sum of all arrays from left to right, to the bit: ${name}`, (t) => {
    for (const seed of [1, 2]) {
      const { results, expected } = summed(layout, seed);
      for (const result of results)
        t.deepEqual(new Uint32Array(result.slice().buffer), new Uint32Array(expected.buffer));
    }
  });
}

test('ranks at the ends of a chain send the arrays once, those between them twice', (t) => {
  const floats = ranges.reduce((sum, { begin, end }) => sum + end - begin, 0);
  const { sent } = summed({ coefficients: [[0.25], [0.25], [0.25], [0.25]], carry: 0 }, 3);
  t.deepEqual(
    sent,
    [1, 2, 2, 1].map((times) => times * floats * 4),
  );
});
