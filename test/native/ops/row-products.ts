import test from 'ava';
import { RandomStream } from '../../../src/base/random.js';
import type { Native } from '../../../src/native/index.js';
import { GraphBuilder } from '../../../src/ops/builder.js';
import { rowProducts } from '../../../src/ops/product.js';
import { relativeDifference } from '../../support/engine-run.js';
import { GraphEvaluation } from '../../support/graph-eval.js';

/** Products AB' of rows with rows, against float64. */
export default (native: Native): void => {
  for (const [samples, rows, inner] of [
    [1, 1, 64],
    [3, 50, 65],
    [32, 96, 64],
    [33, 101, 130],
    [70, 47, 512],
    [128, 7, 81],
  ] as const) {
    test.serial(
      `products of ${samples} rows with ${rows} of ${inner} numbers are those of the definition`,
      async (t) => {
        const graph = new GraphBuilder({ kernels: ['ConvoyRowProducts'] });
        const stream = new RandomStream(0, 'test', samples, rows);
        const drawn = (count: number): Float32Array =>
          Float32Array.from({ length: count }, () => stream.uniform() - 0.5);
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
      },
    );
  }

  test.serial('rows of another length are refused', async (t) => {
    const graph = new GraphBuilder({ kernels: ['ConvoyRowProducts'] });
    const [a, b] = [graph.placeholder('a', 'float32', [-1, 64]), graph.placeholder('b', 'float32', [5, 64])];
    const output = rowProducts(graph, a, b);
    const evaluation = await GraphEvaluation.open(native, graph);
    const feeds = [
      { value: a, shape: [2, 64], data: new Float32Array(128) },
      { value: b, shape: [5, 32], data: new Float32Array(160) },
    ];
    t.throws(() => evaluation.values(feeds, [output]), {
      message: /ConvoyRowProducts: Expected rows of 64 numbers for b but received \[5, 32\]/,
    });
    evaluation.graph.dispose();
  });
};
