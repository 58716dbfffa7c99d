import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { type LayersModel, type Tensor, tf } from '../../src/base/tf.js';
import { createModel, initialWeights, loadArchitecture, modelParameters, setWeights } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import {
  freezeUntil,
  headLayers,
  normalizationOf,
  parseFreeze,
  parseHead,
  replaceHead,
  splitHead,
  transferByName,
  transferFrom,
} from '../../src/transfer/index.js';
import { applicationNamed, mapWeights, readWeightsFile } from '../../src/weights/index.js';
import { fixtures } from '../support/keras.js';

const published = new URL('parity/torch-resnet20-cifar10/resnet20.safetensors', fixtures).pathname;
const small = { height: 32, width: 32, channels: 3, classes: 10 };

test.before(async () => {
  await loadNative();
});

const parameterNames = (model: LayersModel): string[] => modelParameters(model).map(({ spec }) => spec.name);
const trainable = (model: LayersModel): string[] =>
  modelParameters(model)
    .filter(({ spec }) => spec.trainable || spec.updatedByForward)
    .map(({ spec }) => spec.name);

test('heads and freezing are read as the command line states them', (t) => {
  t.deepEqual(parseHead('256,dropout:0.5'), [{ units: 256 }, { dropout: 0.5 }]);
  t.deepEqual(parseHead(' 64 , 32 '), [{ units: 64 }, { units: 32 }]);
  t.deepEqual(parseHead(''), []);
  for (const wrong of ['0', '-3', '1.5', 'dropout', 'dropout:1', 'dropout:2', '256,,3', 'relu', '1e3']) {
    t.throws(() => parseHead(wrong), { instanceOf: ConvoyError, message: /for --head but received/ }, wrong);
  }
  t.is(parseFreeze('base'), 'base');
  t.is(parseFreeze('none'), 'none');
  t.is(parseFreeze('until:layer2.0'), 'layer2.0');
  for (const wrong of ['', 'all', 'until:'])
    t.throws(() => parseFreeze(wrong), { message: /for --freeze but received/ }, wrong);
});

// What is kept of each network: the last layer before the head, by the networks' papers.
const cuts: readonly (readonly [
  name: string,
  options: Record<string, number>,
  lastOnly: string,
  classifier: string,
])[] = [
  ['cifar-resnet20', {}, 'avgpool', 'avgpool'],
  ['vgg11', { widthFactor: 0.05, hidden: 8 }, 'fc2_dropout', 'flatten'],
  ['mobilenet-v1', { widthFactor: 0.1 }, 'dropout', 'global_average_pooling2d'],
  ['vit-tiny', { depth: 1, features: 8, heads: 2 }, 'pool', 'pool'],
];
for (const [name, options, lastOnly, classifier] of cuts) {
  test.serial(`a new head on ${name}: the last layer, or the whole classifier`, (t) => {
    for (const [head, last] of [
      [undefined, lastOnly],
      ['16,dropout:0.5', classifier],
      ['', classifier],
    ] as const) {
      const base = createModel(name, { ...small, ...options });
      const model = replaceHead(base, head, 4);
      t.deepEqual(model.outputs[0]?.shape, [null, 4]);
      const names = headLayers(model);
      t.deepEqual(
        names.filter((layer) => layer !== 'head_pool'),
        head === '16,dropout:0.5' ? ['head_dense_1', 'head_dropout_2', 'head'] : ['head'],
      );
      const kept = model.layers.map((layer) => layer.name).filter((layer) => !names.includes(layer));
      t.is(kept.at(-1), last);
      for (const layer of kept) t.is(model.getLayer(layer), base.getLayer(layer), layer);
    }
  });
}

test.serial('a perceptron keeps its hidden layers: without them nothing trained would be left', (t) => {
  const model = replaceHead(createModel('mlp', small), '8', 4);
  t.true(modelParameters(model).length > 4);
  t.deepEqual(headLayers(model), ['head_dense_1', 'head']);
});

test.serial('a model that ends in images gets its features averaged', (t) => {
  const input = tf.input({ shape: [8, 8, 3] });
  const conv = tf.layers.conv2d({ name: 'conv', filters: 5, kernelSize: 3 }).apply(input);
  const output = tf.layers.conv2d({ name: 'maps', filters: 2, kernelSize: 1 }).apply(conv) as ReturnType<
    typeof tf.input
  >;
  const model = replaceHead(tf.model({ inputs: input, outputs: output }), '4', 3);
  t.deepEqual(headLayers(model), ['head_pool', 'head_dense_1', 'head']);
  t.deepEqual(model.getLayer('head_pool').getClassName(), 'GlobalAveragePooling2D');
});

test.serial('a second transfer replaces the first head, under the same names', (t) => {
  const first = replaceHead(createModel('cifar-resnet20', small), '16,8', 4);
  const second = replaceHead(first, '32', 6);
  t.deepEqual(headLayers(second), ['head_dense_1', 'head']);
  t.deepEqual(second.getLayer('head_dense_1').output, second.getLayer('head').input);
});

test.serial('a layer of the base with the name of a new one keeps it', (t) => {
  const input = tf.input({ shape: [8, 8, 3] });
  const conv = tf.layers.conv2d({ name: 'head', filters: 5, kernelSize: 3 }).apply(input);
  const pool = tf.layers.globalAveragePooling2d({}).apply(conv);
  const output = tf.layers.dense({ units: 2 }).apply(pool) as ReturnType<typeof tf.input>;
  const model = replaceHead(tf.model({ inputs: input, outputs: output }), undefined, 3);
  t.deepEqual(headLayers(model), ['head_2']);
});

test.serial('freezing: the base, up to a layer, nothing', (t) => {
  const model = replaceHead(createModel('cifar-resnet20', small), '16', 4);
  const all = parameterNames(model);
  freezeUntil(model, 'base');
  t.deepEqual(trainable(model), ['head_dense_1/kernel', 'head_dense_1/bias', 'head/kernel', 'head/bias']);
  t.deepEqual(parameterNames(model), all, 'freezing does not change the order of parameters');
  freezeUntil(model, 'layer3.1.bn2');
  t.deepEqual(
    trainable(model).filter((name) => !name.startsWith('head')),
    [
      'conv1/kernel',
      'bn1/gamma',
      'bn1/beta',
      'bn1/moving_mean',
      'bn1/moving_variance',
      'conv2/kernel',
      'bn2/gamma',
      'bn2/beta',
      'bn2/moving_mean',
      'bn2/moving_variance',
    ].map((name) => `layer3.2.${name}`),
  );
  t.deepEqual(freezeUntil(model, 'none'), []);
  t.deepEqual(trainable(model), all);
  t.throws(() => freezeUntil(model, 'layer9'), { message: /for --freeze until but received "layer9"/ });
});

test.serial('the statistics of pixels stay as the weights file has them, however little is frozen', (t) => {
  const model = createModel('efficientnet-b0', small);
  const before = trainable(model);
  freezeUntil(model, 'none');
  t.deepEqual(trainable(model), before);
  t.false(before.includes('normalization/mean'));
});

test.serial('a frozen model survives its configuration, as workers get it', (t) => {
  const model = replaceHead(createModel('cifar-resnet20', small), '16,dropout:0.5', 4);
  freezeUntil(model, 'base');
  const again = loadArchitecture(JSON.parse(JSON.stringify(model.toJSON(null, false))));
  t.deepEqual(
    modelParameters(again).map(({ spec }) => spec),
    modelParameters(model).map(({ spec }) => spec),
  );
});

test.serial("by name: the base has the file's weights, the head is drawn from the seed", async (t) => {
  const { model, weights } = await transferByName({
    base: 'cifar-resnet20',
    shape: small,
    classes: 3,
    weights: published,
    head: '16',
    seed: 5,
  });
  const whole = createModel('cifar-resnet20', small);
  const file = mapWeights(whole, await readWeightsFile(published));
  const initial = initialWeights(model, 5);
  t.deepEqual(weights.slice(0, -4), file.slice(0, -2));
  t.deepEqual(weights.slice(-4), initial.slice(-4));
  t.deepEqual(trainable(model).length, 4, 'the base is frozen unless asked otherwise');
  const other = await t.throwsAsync(
    transferByName({ base: 'cifar-resnet32', shape: small, classes: 3, weights: published, seed: 5 }),
  );
  t.regex(other?.message ?? '', /60 missing: layer1\.3\.conv1\/kernel/);
  await t.throwsAsync(transferByName({ base: 'lenet5', shape: small, classes: 3, weights: 'imagenet', seed: 5 }), {
    message: /--weights imagenet but received "lenet5"/,
  });
});

test.serial('from a model: its weights are copied, the new head drawn', (t) => {
  const base = createModel('shapes-cnn', small);
  const trained = initialWeights(base, 1);
  const { model, weights } = transferFrom({ model: base, weights: trained }, { classes: 10, freeze: 'none', seed: 2 });
  const fresh = initialWeights(model, 2);
  t.is(weights.length, trained.length);
  t.deepEqual(weights.slice(0, -2), trained.slice(0, -2));
  t.deepEqual(weights.slice(-2), fresh.slice(-2));
  t.notDeepEqual(weights.at(-2), trained.at(-2));
  weights[0]?.fill(0);
  t.notDeepEqual(weights[0], trained[0], 'the base keeps its own');
});

test.serial('a model cut before its head computes what the whole computes', (t) => {
  const model = replaceHead(createModel('cifar-resnet20', small), '16,dropout:0.5', 4);
  setWeights(model, initialWeights(model, 1));
  const { features, head } = splitHead(model);
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    const x = tf.randomUniform([2, 32, 32, 3], 0, 1, 'float32', 1);
    const whole = (model.predict(x) as Tensor).dataSync();
    const vector = features.predict(x) as Tensor;
    t.deepEqual(vector.shape, [2, 64]);
    t.deepEqual((head.predict(vector) as Tensor).dataSync(), whole);
  });
  t.is(tf.memory().numTensors, before);
  t.deepEqual(parameterNames(head), parameterNames(model).slice(-4));
});

test('a preprocessing can be stated as mean and deviation', (t) => {
  const { mean, std } = normalizationOf(applicationNamed('densenet121').preprocess);
  // Keras's torch mode: ImageNet's mean and deviation.
  [0.485, 0.456, 0.406].forEach((value, channel) => t.true(Math.abs((mean[channel] ?? NaN) - value) < 1e-12));
  [0.229, 0.224, 0.225].forEach((value, channel) => t.true(Math.abs((std[channel] ?? NaN) - value) < 1e-12));
  const half = normalizationOf(applicationNamed('mobilenet-v2').preprocess);
  t.deepEqual(
    half.mean.map((value) => Math.round(value * 1e9) / 1e9),
    [0.5, 0.5, 0.5],
  );
  t.deepEqual(
    half.std.map((value) => Math.round(value * 1e9) / 1e9),
    [0.5, 0.5, 0.5],
  );
});
