import test from 'ava';
import { fusedDestinations, withPooledConvolutions } from '../../src/graph/fuse.js';
import { GraphBuilder } from '../../src/ops/builder.js';
import { binary } from '../../src/ops/elementwise.js';
import { biasAdd, conv2d } from '../../src/ops/neural.js';
import { placedMaxPool } from '../../src/ops/pooled.js';
import type { GraphNode, Value } from '../../src/ops/types.js';

const convolutions = ['ConvoyMaxPool'];

test('convolution and pooling become one only where nothing else in training needs the tensor between them', (t) => {
  const kernels = new Set(['ConvoyPooledConvolution']);
  const build = (type: 'float32' | 'bfloat16', window: readonly [number, number]) => {
    const graph = new GraphBuilder({ kernels: [...convolutions, 'bfloat16'] });
    const [x, filter, bias] = ([[-1, 8, 8, 4], [3, 3, 4, 6], [6]] as const).map((shape, index) =>
      graph.placeholder(`input${index}`, type, shape),
    ) as [Value, Value, Value];
    const convolved = biasAdd(graph, conv2d(graph, x, filter, { strides: [1, 1], padding: 'SAME' }), bias);
    return { graph, convolved, pooled: placedMaxPool(graph, convolved, window, true) };
  };
  const opsOf = (nodes: readonly GraphNode[]): string[] =>
    nodes.map(({ op }) => op).filter((op) => op !== 'Placeholder' && op !== 'Const');
  const rewritten = ({ graph }: { graph: GraphBuilder }, known: ReadonlySet<string> = kernels): string[] =>
    opsOf(withPooledConvolutions({ nodes: graph.nodes, training: new Set(graph.nodes), kernels: known }));
  const apart = ['Conv2D', 'BiasAdd', 'ConvoyMaxPool'];
  t.deepEqual(rewritten(build('float32', [2, 2])), ['ConvoyPooledConvolution']);
  t.deepEqual(rewritten(build('float32', [4, 4])), apart);
  t.deepEqual(rewritten(build('float32', [2, 2]), new Set()), apart);
  t.deepEqual(rewritten(build('bfloat16', [2, 2])), apart, 'tiles are quicker');
  t.deepEqual(rewritten(build('bfloat16', [2, 2]), new Set([...kernels, 'bfloat16'])), ['ConvoyPooledConvolution']);
  const skipping = build('float32', [2, 2]);
  const skip = binary(skipping.graph, 'Mul', skipping.convolved, skipping.convolved);
  t.deepEqual(rewritten(skipping), [...apart, 'Mul']);
  // What evaluation alone needs is left to it.
  const training = new Set(skipping.graph.nodes.filter((node) => node !== skip.node));
  const nodes = withPooledConvolutions({ nodes: skipping.graph.nodes, training, kernels });
  t.deepEqual(opsOf(nodes), ['Conv2D', 'BiasAdd', 'ConvoyPooledConvolution', 'Mul']);
});

test('what is copied elsewhere is written there in the first place', (t) => {
  const graph = new GraphBuilder({
    kernels: [...convolutions, 'ConvoyPooledConvolution', 'ConvoyPooledConvolutionInto'],
  });
  const x = graph.placeholder('x', 'float32', [-1, 8, 8, 4]);
  const filter = graph.placeholder('filter', 'float32', [3, 3, 4, 6]);
  const convolved = biasAdd(
    graph,
    conv2d(graph, x, filter, { strides: [1, 1], padding: 'SAME' }),
    graph.placeholder('bias', 'float32', [6]),
  );
  const pooled = placedMaxPool(graph, convolved, [2, 2]);
  const memory = graph.placeholder('memory', 'float32', pooled.shape);
  const write = graph.add(
    'InplaceUpdate',
    [memory, graph.constant([0], 'int32', [1]), pooled],
    { T: { type: 'float32' } },
    memory,
  );
  graph.copied(pooled.node, { memory, write: write.node });
  t.is(fusedDestinations(graph).size, 1);
  t.is(fusedDestinations(graph, true).size, 0, 'emulated');
  const nodes = withPooledConvolutions({
    nodes: graph.nodes,
    training: new Set(graph.nodes),
    kernels: graph.kernels,
    destinations: fusedDestinations(graph),
  });
  t.deepEqual(
    nodes.map(({ op }) => op).filter((op) => op !== 'Placeholder'),
    ['ConvoyPooledConvolutionInto', 'Identity'],
  );
  const [pool, done] = nodes.slice(-2);
  t.is(pool?.inputs.at(-1), memory);
  t.deepEqual(
    done?.controls.map(({ name }) => name),
    [pool?.name],
  );
});
