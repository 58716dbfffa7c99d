import { readFileSync } from 'node:fs';
import test from 'ava';
import { type LayersModel, type Tensor, tf, type Variable } from '../../src/base/tf.js';
import {
  ChannelPadding,
  ClassToken,
  DropPath,
  FirstToken,
  FixedNormalization,
  LayerSettings,
  layerDefinition,
  PositionEmbedding,
  SelfAttention,
} from '../../src/layers/index.js';
import { createModel, loadArchitecture, modelParameters } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { madeUpImages, noise, setMadeUpWeights } from '../support/made-up-weights.js';

/** A small vision transformer computed by PyTorch; made by `test/fixtures/networks/generate.py`. */
const reference: {
  readonly logits: readonly (readonly number[])[];
  readonly loss: number;
  readonly gradients: Readonly<Record<string, readonly number[]>>;
  readonly attention: readonly (readonly (readonly number[])[])[];
} = JSON.parse(readFileSync(new URL('../../../test/fixtures/networks/vit.json', import.meta.url), 'utf8'));

function difference(actual: ArrayLike<number>, expected: readonly number[]): number {
  const largest = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, index) => Math.abs(value - (actual[index] ?? Number.NaN)))) / largest;
}

function transformer(): LayersModel {
  const model = createModel('vit-tiny', {
    height: 8,
    width: 8,
    channels: 3,
    classes: 5,
    patch: 4,
    features: 12,
    heads: 3,
    depth: 2,
  });
  setMadeUpWeights(model, 0.7);
  return model;
}

test.before(async () => {
  await loadNative();
});

test.serial("attention gives PyTorch's scaled_dot_product_attention", (t) => {
  const layer = new SelfAttention({ heads: 2 });
  const before = tf.memory().numTensors;
  const found = tf.tidy(() => {
    const input = tf.tensor3d(noise('qkv/input', 72, 4), [2, 3, 12]);
    return [...(layer.apply(input) as Tensor).dataSync()];
  });
  t.is(tf.memory().numTensors, before);
  t.true(difference(found, reference.attention.flat(2)) < 1e-6);
});

test.serial('attention of one head and equal keys is the mean of the values', (t) => {
  // All keys are equal, so all weights are 1/2: (1 + 5) / 2, (2 + 6) / 2.
  const layer = new SelfAttention({ heads: 1 });
  const found = tf.tidy(() =>
    (
      layer.apply(
        tf.tensor3d([
          [
            [9, 9, 1, 1, 1, 2],
            [-3, 4, 1, 1, 5, 6],
          ],
        ]),
      ) as Tensor
    ).arraySync(),
  );
  t.deepEqual(found, [
    [
      [3, 4],
      [3, 4],
    ],
  ]);
});

test.serial('a vision transformer gives the logits of the same in PyTorch', (t) => {
  const model = transformer();
  const found = tf.tidy(() => [...(model.predict(tf.tensor4d(madeUpImages(2, 8), [2, 8, 8, 3])) as Tensor).dataSync()]);
  t.true(difference(found, reference.logits.flat()) < 1e-5);
  model.dispose();
});

test.serial('gradients of a vision transformer are those of PyTorch, and leak no tensor', (t) => {
  const model = transformer();
  const before = tf.memory().numTensors;
  const gradients = new Map<string, ArrayLike<number> | undefined>();
  tf.tidy(() => {
    const images = tf.tensor4d(madeUpImages(2, 8), [2, 8, 8, 3]);
    const labels = tf.oneHot(tf.tensor1d([1, 4], 'int32'), 5);
    const { value, grads } = tf.variableGrads(() =>
      tf.losses.softmaxCrossEntropy(labels, model.apply(images, { training: true }) as Tensor).asScalar(),
    );
    t.true(Math.abs((value.dataSync()[0] ?? 0) - reference.loss) < 1e-5 * reference.loss);
    for (const { spec, variable } of modelParameters(model)) {
      gradients.set(spec.name, grads[(variable.read() as Variable).name]?.dataSync());
    }
  });
  t.is(tf.memory().numTensors, before);
  for (const [name, expected] of Object.entries(reference.gradients)) {
    t.true(difference(gradients.get(name) ?? [], expected) < 1e-4, name);
  }
  model.dispose();
});

test.serial('channel padding puts half of the zero channels before and the odd one after', (t) => {
  const layer = new ChannelPadding({ channels: 5 });
  t.deepEqual(layer.paddings(2), [1, 2]);
  const found = tf.tidy(() => (layer.apply(tf.tensor4d([[[[7, 8]]]])) as Tensor).arraySync());
  t.deepEqual(found, [[[[0, 7, 8, 0, 0]]]]);
});

test.serial('the class token comes first, positions are added, the first token comes out', (t) => {
  const input = tf.input({ shape: [2, 2] });
  const token = new ClassToken({ name: 'token' });
  const positions = new PositionEmbedding({ name: 'positions' });
  const all = positions.apply(token.apply(input)) as typeof input;
  const model = tf.model({ inputs: input, outputs: [all, new FirstToken().apply(all) as typeof input] });
  token.setWeights([tf.tensor3d([[[10, 20]]])]);
  positions.setWeights([
    tf.tensor3d([
      [
        [1, 1],
        [2, 2],
        [3, 3],
      ],
    ]),
  ]);
  const found = tf.tidy(() =>
    (
      model.predict(
        tf.tensor3d([
          [
            [1, 2],
            [3, 4],
          ],
        ]),
      ) as Tensor[]
    ).map((tensor) => tensor.arraySync()),
  );
  t.deepEqual(found, [
    [
      [
        [11, 21],
        [3, 4],
        [6, 7],
      ],
    ],
    [[11, 21]],
  ]);
});

test.serial('fixed normalization subtracts the mean and divides by the root of the variance', (t) => {
  const layer = new FixedNormalization();
  const run = (): unknown => tf.tidy(() => (layer.apply(tf.tensor4d([[[[4, 9]]]])) as Tensor).arraySync());
  layer.apply(tf.input({ shape: [1, 1, 2] }));
  layer.setWeights([tf.tensor1d([2, 1]), tf.tensor1d([4, 16]), tf.scalar(0)]);
  t.deepEqual(run(), [[[[1, 2]]]]);
  t.is(layer.trainableWeights.length, 0);
});

test.serial('stochastic depth drops whole samples, scales the others, and rests in inference', (t) => {
  const layer = new DropPath({ rate: 0.75 });
  const x = tf.ones([3, 2, 2]);
  const kept: number[][] = [];
  const random = {
    keepMask(shape: readonly number[]): Tensor {
      kept.push([...shape]);
      return tf.tensor([1, 0, 1], [3, 1, 1]);
    },
    normal: () => t.fail() as never,
    uniform: () => t.fail() as never,
    project: () => t.fail() as never,
  };
  t.deepEqual(
    tf.tidy(() =>
      layerDefinition('DropPath')
        ?.draw?.(new LayerSettings({ rate: 0.75 }), x, random, 0, { layer, inputs: x })
        .arraySync(),
    ),
    [
      [
        [4, 4],
        [4, 4],
      ],
      [
        [0, 0],
        [0, 0],
      ],
      [
        [4, 4],
        [4, 4],
      ],
    ],
  );
  t.deepEqual(kept, [[3, 1, 1]]);
  t.deepEqual(
    tf.tidy(() => (layer.apply(x) as Tensor).arraySync()),
    x.arraySync(),
  );
  const drawn = tf.tidy(() => (layer.apply(x, { training: true }) as Tensor).reshape([3, 4]).arraySync() as number[][]);
  for (const sample of drawn) t.true(sample.every((value) => value === 0) || sample.every((value) => value === 4));
  x.dispose();
});

test.serial('layers of our own survive a model file', (t) => {
  const first = createModel('vit-tiny', { height: 8, width: 8, channels: 3, classes: 5, depth: 2, dropPath: 0.5 });
  const second = createModel('cifar-resnet20', { height: 8, width: 8, channels: 3, classes: 5 });
  const third = createModel('efficientnet-b0', { height: 16, width: 16, channels: 3, classes: 5 });
  for (const model of [first, second, third]) {
    const again = loadArchitecture(JSON.parse(String(model.toJSON())));
    t.deepEqual(JSON.parse(String(again.toJSON())), JSON.parse(String(model.toJSON())));
    again.dispose();
    model.dispose();
  }
});
