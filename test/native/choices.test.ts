/** Where the compiler of graphs uses our kernels. */
import test from 'ava';
import { canNormalize } from '../../src/ops/batch-norm.js';
import { GraphBuilder } from '../../src/ops/builder.js';
import { conv2d } from '../../src/ops/neural.js';
import { canPlace } from '../../src/ops/pooled.js';
import { canWriteProduct, rowProducts } from '../../src/ops/product.js';
import type { Value } from '../../src/ops/types.js';
import { convolutions } from './convolution-case.js';

test('only a convolution without stride, dilation and groups before windows side by side takes its gradient so', (t) => {
  const graph = new GraphBuilder({ kernels: convolutions });
  const x = graph.placeholder('x', 'float32', [-1, 8, 8, 4]);
  const filter = graph.placeholder('filter', 'float32', [3, 3, 4, 6]);
  const step = { strides: [1, 1], padding: 'SAME' } as const;
  const side = { strides: [2, 2], padding: 'VALID' } as const;
  const plain = conv2d(graph, x, filter, step);
  t.true(canPlace(graph, plain, [2, 2], side));
  t.false(canPlace(graph, x, [2, 2], side));
  t.false(canPlace(graph, plain, [3, 3], side), 'windows overlap');
  t.false(canPlace(graph, plain, [3, 3], { strides: [3, 3], padding: 'SAME' }), 'windows reach beyond the image');
  t.false(canPlace(graph, conv2d(graph, x, filter, { ...step, strides: [2, 2] }), [2, 2], side));
  t.false(canPlace(graph, conv2d(graph, x, filter, { ...step, dilations: [2, 2] }), [2, 2], side));
  t.false(canPlace(new GraphBuilder(), plain, [2, 2], side), 'without kernels');
  const narrow = (channels: number): Value => {
    const image = graph.placeholder(`image${channels}`, 'bfloat16', [-1, 8, 8, channels]);
    return conv2d(graph, image, graph.placeholder(`filter${channels}`, 'bfloat16', [3, 3, channels, 6]), step);
  };
  t.true(
    [10, 43].every((channels) => canPlace(graph, narrow(channels), [2, 2], side)),
    'rows of 30 and of 129',
  );
  t.false(
    [11, 42].some((channels) => canPlace(graph, narrow(channels), [2, 2], side)),
    'rows of 33 and of 126',
  );
  t.true(
    canPlace(new GraphBuilder({ kernels: [...convolutions, 'bfloat16'] }), narrow(13), [2, 2], side),
    'where our sums are quicker',
  );
});

test('batches are normalized so where the kernels are', (t) => {
  const graph = new GraphBuilder({ kernels: ['ConvoyBatchNorm'] });
  for (const type of ['float32', 'bfloat16'] as const)
    t.true(canNormalize(graph, graph.placeholder(type, type, [-1, 4])));
  const without = new GraphBuilder();
  t.false(canNormalize(without, without.placeholder('x', 'float32', [-1, 4])));
});

test('products are written so only with kernels, and in bfloat16 where they outdo those of TensorFlow', (t) => {
  const graph = new GraphBuilder({ kernels: ['ConvoyProduct'] });
  const [left, slot, low] = (['float32', 'float32', 'bfloat16'] as const).map((type, index) =>
    graph.placeholder(`x${index}`, type, [-1, 8]),
  );
  if (left === undefined || slot === undefined || low === undefined) return t.fail();
  t.true(canWriteProduct(graph, { left, slot }));
  t.false(canWriteProduct(graph, { left: low, slot }));
  t.true(canWriteProduct(new GraphBuilder({ kernels: ['ConvoyProduct', 'bfloat16'] }), { left: low, slot }));
  t.false(canWriteProduct(new GraphBuilder(), { left, slot }));
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
