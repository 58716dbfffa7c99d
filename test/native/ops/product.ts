import test from 'ava';
import { RandomStream } from '../../../src/base/random.js';
import type { Native } from '../../../src/native/index.js';
import { GraphBuilder } from '../../../src/ops/builder.js';
import { cast } from '../../../src/ops/elementwise.js';
import { writeProduct } from '../../../src/ops/product.js';
import { relativeDifference } from '../../support/engine-run.js';
import { GraphEvaluation } from '../../support/graph-eval.js';

interface Case {
  readonly samples: number;
  readonly inputs: number;
  readonly columns: number;
  /** Rows of the product that are computed: where they begin, how they lie. */
  readonly first: number;
  readonly slot: readonly number[];
  readonly shared?: boolean;
  readonly type?: 'bfloat16';
}

const cases: readonly Case[] = [
  { samples: 32, inputs: 64, columns: 64, first: 0, slot: [1, 64] },
  // More samples than are multiplied at once, and no whole number of tiles either way.
  { samples: 517, inputs: 230, columns: 75, first: 17, slot: [1, 211], shared: true },
  { samples: 1, inputs: 24, columns: 9, first: 5, slot: [3, 5], shared: true },
  { samples: 3, inputs: 12, columns: 1, first: 0, slot: [4, 3] },
  { samples: 32, inputs: 64, columns: 64, first: 0, slot: [1, 64], type: 'bfloat16' },
  { samples: 517, inputs: 230, columns: 75, first: 17, slot: [1, 211], shared: true, type: 'bfloat16' },
  { samples: 1, inputs: 24, columns: 9, first: 5, slot: [3, 5], shared: true, type: 'bfloat16' },
];

/** A graph that writes a product into a slot, and what is fed to it. */
function written({ samples, inputs, columns, first, slot, shared = false, type }: Case) {
  const graph = new GraphBuilder({ kernels: ['ConvoyProduct'] });
  const stream = new RandomStream(0, 'test', samples, columns);
  // In bfloat16 numbers that it can hold, as it can their products with shares.
  const number = (): number => (type === undefined ? stream.uniform() - 0.5 : stream.below(256) / 256 - 0.5);
  const drawn = (count: number): Float32Array => Float32Array.from({ length: count }, number);
  const share = (): number => (type === undefined ? stream.uniform() - 0.5 : 2 ** stream.below(3));
  const feed = (name: string, shape: readonly number[], data: Float32Array) => ({
    value: graph.placeholder(name, 'float32', shape),
    shape,
    data,
  });
  const left = feed('left', [samples, inputs], drawn(samples * inputs));
  const right = feed('right', [samples, columns], drawn(samples * columns));
  const shares = feed('shares', [shared ? samples : 0, 1], Float32Array.from({ length: shared ? samples : 0 }, share));
  const place = feed(
    'slot',
    [...slot, columns],
    new Float32Array(slot.reduce((product, size) => product * size, columns)).fill(7),
  );
  const firstRow = graph.constant([0, first], 'int32', [2]);
  const factor = cast(graph, left.value, type ?? 'float32');
  const output = writeProduct(graph, {
    left: factor,
    right: right.value,
    shares: shares.value,
    first: firstRow,
    slot: place.value,
  });
  return { graph, output, feeds: [left, right, shares, place] as const };
}

/** Products A'B that are written into a slot, against float64. */
export default (native: Native): void => {
  for (const each of cases) {
    const { samples, inputs, columns, first, slot, shared, type } = each;
    const rows = slot.reduce((product, size) => product * size, 1);
    const title = `${type === undefined ? '' : `${type}, `}${rows} of ${inputs} rows and ${columns} columns of a product over ${samples} samples`;
    test.serial(`${title}${shared ? ', by their shares,' : ''} are those of the definition`, async (t) => {
      const { graph, output, feeds } = written(each);
      const [left, right, shares] = feeds.map(({ data }) => data) as [Float32Array, Float32Array, Float32Array];
      const expected = Float32Array.from({ length: rows * columns }, (_, place) => {
        const [row, column] = [first + Math.floor(place / columns), place % columns];
        let sum = 0;
        for (let sample = 0; sample < samples; sample++) {
          const share = shared ? (shares[sample] as number) : 1;
          sum += share * (left[sample * inputs + row] as number) * (right[sample * columns + column] as number);
        }
        return sum;
      });
      const evaluation = await GraphEvaluation.open(native, graph);
      const [found] = evaluation.values(feeds, [output]);
      evaluation.graph.dispose();
      // Sums of some hundred products in float32: a few times 2^-24 of the largest.
      const difference = relativeDifference(found as Float32Array, expected);
      t.true(difference < 1e-6, `${difference}`);
    });
  }

  test.serial('a slot that does not fit is refused with what was found', async (t) => {
    for (const [change, found] of [
      [{ first: 60 }, /ConvoyProduct: Expected rows from 60 on of the product's 64 for slot but received \[5, 3\]/],
      [{ first: -1 }, /rows from -1 on/],
    ] as const) {
      const { graph, output, feeds } = written({ samples: 2, inputs: 64, columns: 3, slot: [5], ...change });
      const evaluation = await GraphEvaluation.open(native, graph);
      t.throws(() => evaluation.values(feeds, [output]), { message: found });
      evaluation.graph.dispose();
    }
  });
};
