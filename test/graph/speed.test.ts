import test from 'ava';
import { tf } from '../../src/base/tf.js';
import { compileModel } from '../../src/graph/index.js';
import { loadNative } from '../../src/native/index.js';
import { GraphBuilder } from '../../src/ops/builder.js';
import { cast } from '../../src/ops/elementwise.js';
import { relu, reluGradient } from '../../src/ops/rectify.js';
import type { Value } from '../../src/ops/types.js';
import { stepSpec } from '../support/engine-run.js';
import { compareEngines, worst } from '../support/engines.js';
import { GraphEvaluation } from '../support/graph-eval.js';

/** A dense layer of 2304 x 512 weights: 4.5 MiB of gradient, in 8 pieces of 288 rows. */
const large = (options: { regularized?: boolean } = {}) =>
  tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [48, 48, 1] }),
      tf.layers.dense({
        units: 512,
        activation: 'relu',
        name: 'large',
        ...(options.regularized ? { kernelRegularizer: tf.regularizers.l2({ l2: 0.01 }) } : {}),
      }),
      tf.layers.dense({ units: 3, name: 'logits' }),
    ],
  });

test.serial('the gradient of a large dense layer is written in pieces, and is that of the tape', async (t) => {
  const model = large();
  const slot = compileModel(model, stepSpec(model)).train.inputs.find(({ node }) =>
    node.endsWith('gradient_slots/large/kernel'),
  );
  t.deepEqual(slot?.role === 'gradient' ? slot.shape : [], [8, 288, 512]);
  const most = worst(await compareEngines(model, {}, { batch: 9 }));
  t.true(most.difference < 1e-5, `${most.name}: ${most.difference}`);
});

test.serial('what is not just a product, as with regularization, is written whole', async (t) => {
  const model = large({ regularized: true });
  const slot = compileModel(model, stepSpec(model)).train.inputs.find(({ node }) =>
    node.endsWith('gradient_slots/large/kernel'),
  );
  t.deepEqual(slot?.role === 'gradient' ? slot.shape : [], [1, 2304, 512]);
  const most = worst(await compareEngines(model, {}, { batch: 9 }));
  t.true(most.difference < 1e-5, `${most.name}: ${most.difference}`);
});

test.serial('ReLU and its gradient on the bits of bfloat16 are those of the definition, to the bit', async (t) => {
  const native = await loadNative();
  const graph = new GraphBuilder();
  const [input, above] = ['input', 'gradient'].map((name) => graph.placeholder(name, 'float32', [-1])) as [
    Value,
    Value,
  ];
  const x = cast(graph, input, 'bfloat16');
  const y = relu(graph, x);
  const gradient = reluGradient(graph, cast(graph, above, 'bfloat16'), y);
  const wanted = [y, gradient].map((value) => cast(graph, value, 'float32'));
  const evaluation = await GraphEvaluation.open(native, graph);
  // Exact in bfloat16: eight significant bits.
  const values = [0, -0, 1.5, -1.5, 2 ** -126, -(2 ** -126), 255, -255, Infinity, -Infinity, 2 ** 100, -(2 ** 100)];
  const gradients = values.map((_, index) => (index - 5.5) * 2);
  const feeds = [
    { value: input, data: Float32Array.from(values), shape: [values.length] },
    { value: above, data: Float32Array.from(gradients), shape: [values.length] },
  ];
  const [outputs, derived] = evaluation.values(feeds, wanted) as [Float32Array, Float32Array];
  t.deepEqual(
    [...outputs],
    values.map((value) => Math.max(value, 0)),
  );
  t.deepEqual(
    [...derived].map((value) => value + 0),
    values.map((value, index) => (value > 0 ? (gradients[index] as number) : 0)),
  );
  t.false(graph.nodes.some(({ op }) => op === 'Relu' || op === 'ReluGrad'));
  evaluation.graph.dispose();
});
