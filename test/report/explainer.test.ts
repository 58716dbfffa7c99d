import test from 'ava';
import { type LayersModel, type SymbolicTensor, tf } from '../../src/base/tf.js';
import { loadNative } from '../../src/native/index.js';
import { stepsOf } from '../../src/report/gather/explainer.js';
import { explain, type Grid, type Place, paddingBefore } from '../../src/report/page/arithmetic.js';
import type { ExplainerStep, Packed } from '../../src/report/types.js';

test.before(() => loadNative());

function network(): LayersModel {
  const { layers } = tf;
  const input = tf.input({ shape: [9, 8, 3], name: 'image' });
  const on = (layer: LayersModel['layers'][number], x: SymbolicTensor | SymbolicTensor[]) =>
    layer.apply(x) as SymbolicTensor;
  const random = (low: number, high: number) => tf.initializers.randomUniform({ minval: low, maxval: high, seed: 3 });
  const first = on(
    layers.conv2d({
      name: 'conv',
      filters: 5,
      kernelSize: 3,
      padding: 'same',
      activation: 'relu',
      biasInitializer: random(-1, 1),
    }),
    input,
  );
  const strided = on(
    layers.conv2d({ name: 'strided', filters: 5, kernelSize: [4, 3], strides: 2, padding: 'same' }),
    first,
  );
  const normal = on(
    layers.batchNormalization({
      name: 'bn',
      ...{ betaInitializer: random(-1, 1), gammaInitializer: random(0.5, 2) },
      ...{ movingMeanInitializer: random(-1, 1), movingVarianceInitializer: random(0.5, 2) },
    }),
    strided,
  );
  const deep = on(
    layers.depthwiseConv2d({ name: 'depthwise', kernelSize: 3, padding: 'same', activation: 'sigmoid' }),
    normal,
  );
  const joined = on(layers.add({ name: 'sum' }), [normal, deep]);
  const active = on(layers.activation({ name: 'tanh', activation: 'tanh' }), joined);
  const pooled = on(layers.maxPooling2d({ name: 'max', poolSize: 3, strides: 2, padding: 'same' }), active);
  const mean = on(layers.averagePooling2d({ name: 'mean', poolSize: 2, strides: 1, padding: 'same' }), pooled);
  const flat = on(layers.flatten({ name: 'flat' }), mean);
  const dropped = on(layers.dropout({ name: 'drop', rate: 0.5 }), flat);
  const head = on(layers.dense({ name: 'head', units: 4, activation: 'elu' }), dropped);
  return tf.model({ inputs: input, outputs: head });
}

function gridOf({ shape, base64 }: Packed): Grid {
  const bytes = Buffer.from(base64, 'base64');
  return { shape, values: new Float32Array(Uint8Array.from(bytes).buffer) };
}

function placesOf({ shape }: Grid): Place[] {
  if (shape.length === 1) return Array.from({ length: shape[0] ?? 0 }, (_, channel) => ({ y: 0, x: 0, channel }));
  const [height = 1, width = 1, channels = 1] = shape;
  return Array.from({ length: height * width * channels }, (_, i) => ({
    y: Math.floor(i / (width * channels)),
    x: Math.floor(i / channels) % width,
    channel: i % channels,
  }));
}

test("every number of the explainer is the engine's own", async (t) => {
  const model = network();
  const input = tf.randomUniform([1, 9, 8, 3], -1, 1, 'float32', 7);
  const steps = await stepsOf(model, input, true);
  const grids = steps.map(({ values }) => (values === undefined ? undefined : gridOf(values)));
  const kinds = new Set<ExplainerStep['kind']>();
  for (const [index, step] of steps.entries()) {
    const output = grids[index];
    if (step.kind === 'input' || output === undefined) continue;
    kinds.add(step.kind);
    const inputs = step.inputs.map((from) => grids[from] as Grid);
    const kernel = step.kernel === undefined ? undefined : gridOf(step.kernel).values;
    let worst = 0;
    for (const [at, place] of placesOf(output).entries()) {
      const found = explain(step, place, inputs, kernel, output);
      worst = Math.max(worst, Math.abs((found?.result ?? Number.NaN) - (output.values[at] ?? 0)) || 0);
      if (found === undefined) t.fail(`${step.name}: not explained`);
    }
    t.true(worst < 1e-4, `${step.name} (${step.kind}): ${worst}`);
  }
  const all = ['convolution', 'normalization', 'depthwise', 'sum', 'activation', 'max-pooling', 'average-pooling'];
  t.deepEqual([...kinds].sort(), [...all, 'flatten', 'same', 'dense', 'softmax'].sort());
  // The last step is the softmax that the loss has and not the network.
  const shares = grids.at(-1)?.values ?? [];
  t.true(Math.abs(Array.from(shares).reduce((sum, share) => sum + share, 0) - 1) < 1e-6);
});

test('padding is as TensorFlow has it: the larger half behind', (t) => {
  // tf.nn.conv2d: out = ceil(size / stride); total = (out - 1) * stride + window - size; before = floor(total / 2).
  t.is(paddingBefore(9, 3, 1, 'same'), 1);
  t.is(paddingBefore(8, 3, 2, 'same'), 0);
  t.is(paddingBefore(9, 4, 2, 'same'), 1);
  t.is(paddingBefore(9, 3, 1, 'same', 2), 2);
  t.is(paddingBefore(9, 3, 1, 'valid'), 0);
});
