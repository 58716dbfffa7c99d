import test from 'ava';
import { RandomStream } from '../../src/base/random.js';
import { loadNative } from '../../src/native/index.js';
import { GraphBuilder } from '../../src/ops/builder.js';
import { cast } from '../../src/ops/elementwise.js';
import { canWriteProduct, rowProducts, writeProduct } from '../../src/ops/product.js';
import { relativeDifference } from '../support/engine-run.js';
import { GraphEvaluation } from '../support/graph-eval.js';

const native = await loadNative();
const onKernels = native.kernels.ops.length > 0 ? test.serial : test.serial.skip;
const kernels = ['ConvoyProduct'];

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
  const graph = new GraphBuilder({ kernels });
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

for (const each of cases) {
  const { samples, inputs, columns, first, slot, shared, type } = each;
  const rows = slot.reduce((product, size) => product * size, 1);
  const title = `${type === undefined ? '' : `${type}, `}${rows} of ${inputs} rows and ${columns} columns of a product over ${samples} samples`;
  onKernels(`${title}${shared ? ', by their shares,' : ''} are those of the definition`, async (t) => {
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

onKernels('a slot that does not fit is refused with what was found', async (t) => {
  for (const [change, found] of [
    [{ first: 60 }, /ConvoyProduct: expected inputs that fit but found a slot beyond the product/],
    [{ first: -1 }, /a slot beyond the product/],
  ] as const) {
    const { graph, output, feeds } = written({ samples: 2, inputs: 64, columns: 3, slot: [5], ...change });
    const evaluation = await GraphEvaluation.open(native, graph);
    t.throws(() => evaluation.values(feeds, [output]), { message: found });
    evaluation.graph.dispose();
  }
});

test('products are written so only with kernels, and in bfloat16 where they outdo those of TensorFlow', (t) => {
  const graph = new GraphBuilder({ kernels });
  const [left, slot, low] = (['float32', 'float32', 'bfloat16'] as const).map((type, index) =>
    graph.placeholder(`x${index}`, type, [-1, 8]),
  );
  if (left === undefined || slot === undefined || low === undefined) return t.fail();
  t.true(canWriteProduct(graph, { left, slot }));
  t.false(canWriteProduct(graph, { left: low, slot }));
  t.true(canWriteProduct(new GraphBuilder({ kernels: [...kernels, 'bfloat16'] }), { left: low, slot }));
  t.false(canWriteProduct(new GraphBuilder(), { left, slot }));
});

for (const [samples, rows, inner] of [
  [1, 1, 64],
  [3, 50, 65],
  [32, 96, 64],
  [33, 101, 130],
  [70, 47, 512],
  [128, 7, 81],
] as const) {
  onKernels(`products of ${samples} rows with ${rows} of ${inner} numbers are those of the definition`, async (t) => {
    const graph = new GraphBuilder({ kernels: ['ConvoyRowProducts'] });
    const stream = new RandomStream(0, 'test', samples, rows);
    const drawn = (count: number): Float32Array => Float32Array.from({ length: count }, () => stream.uniform() - 0.5);
    const a = {
      value: graph.placeholder('a', 'float32', [-1, inner]),
      shape: [samples, inner],
      data: drawn(samples * inner),
    };
    const b = {
      value: graph.placeholder('b', 'float32', [rows, inner]),
      shape: [rows, inner],
      data: drawn(rows * inner),
    };
    const output = rowProducts(graph, a.value, b.value);
    t.is(output.node.op, 'ConvoyRowProducts');
    const expected = Float32Array.from({ length: samples * rows }, (_, place) => {
      const [sample, row] = [Math.floor(place / rows), place % rows];
      let sum = 0;
      for (let n = 0; n < inner; n++)
        sum += (a.data[sample * inner + n] as number) * (b.data[row * inner + n] as number);
      return sum;
    });
    const evaluation = await GraphEvaluation.open(native, graph);
    const [found] = evaluation.values([a, b], [output]);
    evaluation.graph.dispose();
    t.is(found?.length, expected.length);
    const difference = relativeDifference(found as Float32Array, expected);
    t.true(difference < 1e-6, `${difference}`);
  });
}

onKernels('rows of another length are refused', async (t) => {
  const graph = new GraphBuilder({ kernels: ['ConvoyRowProducts'] });
  const [a, b] = [graph.placeholder('a', 'float32', [-1, 64]), graph.placeholder('b', 'float32', [5, 64])];
  const output = rowProducts(graph, a, b);
  const evaluation = await GraphEvaluation.open(native, graph);
  const feeds = [
    { value: a, shape: [2, 64], data: new Float32Array(128) },
    { value: b, shape: [5, 32], data: new Float32Array(160) },
  ];
  t.throws(() => evaluation.values(feeds, [output]), {
    message: /ConvoyRowProducts: expected inputs that fit but found rows of another length/,
  });
  evaluation.graph.dispose();
});

test('short rows, and rows of bfloat16, are multiplied by TensorFlow', (t) => {
  const graph = new GraphBuilder({ kernels: ['ConvoyRowProducts'] });
  const opOf = (type: 'float32' | 'bfloat16', inner: number): string => {
    const [a, b] = [
      graph.placeholder(`a${type}${inner}`, type, [-1, inner]),
      graph.placeholder(`b${type}${inner}`, type, [9, inner]),
    ];
    return rowProducts(graph, a, b).node.op;
  };
  t.deepEqual(
    [opOf('float32', 64), opOf('float32', 63), opOf('bfloat16', 64)],
    ['ConvoyRowProducts', 'MatMul', 'MatMul'],
  );
});
