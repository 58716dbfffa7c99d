import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { RandomStream } from '../../src/base/random.js';
import { type LayersModel, tf } from '../../src/base/tf.js';
import { stats } from '../../src/contracts/index.js';
import { stepKey } from '../../src/engine/index.js';
import { compileModel, unsupportedLayers } from '../../src/graph/index.js';
import { slotNames } from '../../src/memory/index.js';
import { modelParameters, networks } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { type EngineRun, engineRun, readGradients, readStats, shardTask, stepSpec } from '../support/engine-run.js';
import { compileHere, GraphRun } from '../support/graph-run.js';
import { usualSide } from '../support/network-tasks.js';

const { layers } = tf;

test.before(async () => {
  await loadNative();
});

function small(): LayersModel {
  return tf.sequential({
    layers: [
      layers.conv2d({ name: 'first', filters: 4, kernelSize: 3, activation: 'relu', inputShape: [8, 8, 3] }),
      layers.batchNormalization({ name: 'norm' }),
      layers.dropout({ name: 'drop', rate: 0.4 }),
      layers.flatten({ name: 'flat' }),
      layers.dense({ name: 'last', units: 5 }),
    ],
  });
}

function drawn(model: LayersModel, options = {}): EngineRun {
  const run = engineRun(model, stepSpec(model, options), { capacity: 8 });
  const stream = new RandomStream(0, 'test');
  const weights = run.arena.float32(run.arena.slot(slotNames.weights));
  weights.forEach((_, index) => (weights[index] = (stream.uniform() - 0.5) / 2));
  for (const { name, offset, length } of run.layout.parameters) {
    if (/variance|gamma/.test(name)) weights.fill(1, offset, offset + length);
  }
  const pixels = run.arena.uint8(run.arena.slot(slotNames.pixels(0)));
  pixels.forEach((_, index) => (pixels[index] = stream.below(256)));
  const labels = run.arena.int32(run.arena.slot(slotNames.targets(0)));
  labels.forEach((_, index) => (labels[index] = stream.below(5)));
  return run;
}

test('a graph tells what to feed, parameters in model order', (t) => {
  const model = small();
  const { train, evaluate, predict } = compileModel(model, stepSpec(model));
  const names = modelParameters(model).map(({ spec }) => spec.name);
  const roles = (inputs: typeof train.inputs): string[] =>
    inputs.map((input) => ('index' in input ? `${input.role} ${names[input.index]}` : input.role));
  t.deepEqual(roles(predict.inputs), ['pixels', ...names.map((name) => `parameter ${name}`)]);
  t.deepEqual(roles(evaluate.inputs), ['pixels', 'targets', ...names.map((name) => `parameter ${name}`), 'stats']);
  const trained = names.filter((name) => !name.includes('moving'));
  const moving = names.filter((name) => name.includes('moving'));
  t.deepEqual(
    roles(train.inputs).sort(),
    [
      ...['pixels', 'targets', 'mask', 'stats'],
      ...names.map((name) => `parameter ${name}`),
      ...trained.map((name) => `gradient ${name}`),
      ...moving.map((name) => `state ${name}`),
    ].sort(),
  );
  t.is(train.outputs.length, 1);
});

test('frozen layers have no gradient and a frozen network is only its forward pass', (t) => {
  const model = small();
  const whole = compileModel(model, stepSpec(model)).nodes;
  for (const layer of model.layers.slice(0, -1)) layer.trainable = false;
  const { train, nodes } = compileModel(model, stepSpec(model));
  t.deepEqual(
    train.inputs.filter(({ role }) => role === 'gradient' || role === 'state').map(({ node }) => node),
    ['gradient_slots/last/kernel', 'gradient_slots/last/bias'].map((name) => `train/${name}`),
  );
  t.true(nodes < whole);
});

test('the key is that of the content', (t) => {
  const model = small();
  const spec = stepSpec(model);
  const { key } = compileModel(model, spec);
  t.regex(key, /^[0-9a-f]{64}$/);
  t.is(compileModel(model, spec).key, key);
  const others = [
    compileModel(model, { ...spec, precision: 'bfloat16' }).key,
    compileModel(model, { ...spec, loss: { name: 'hinge' } }).key,
    compileModel(model, spec, { tensorflowVersion: '2.99.0' }).key,
    compileModel(model, spec, { writeInPlace: false }).key,
  ];
  t.is(new Set([key, ...others]).size, 5);
});

test.serial('without writing in place, the same results are fetched', async (t) => {
  const native = await loadNative();
  const model = small();
  const run = drawn(model);
  const task = shardTask(5);
  const seed = stepKey(3, 1, 4);
  const written = await GraphRun.open(native, run, compileHere(native, model, run.spec), seed);
  written.train(task);
  const gradients = [...readGradients(run).values()];
  const line = readStats(run);
  const fetching = compileHere(native, model, run.spec, { writeInPlace: false });
  t.true(fetching.train.inputs.every(({ role }) => role !== 'gradient' && role !== 'state' && role !== 'stats'));
  const graph = await GraphRun.open(native, run, fetching, seed);
  const [fetchedLine, ...fetched] = graph.trained(task);
  t.deepEqual(fetchedLine, line);
  gradients.forEach((gradient, index) => t.deepEqual(fetched[index], gradient));
  written.graph.dispose();
  graph.graph.dispose();
});

test.serial('the same seed gives the same bits, another seed another mask', async (t) => {
  const native = await loadNative();
  const model = small();
  const run = drawn(model);
  const compiled = compileHere(native, model, run.spec);
  const once = async (seed: readonly [number, number]): Promise<Float32Array[]> => {
    const graph = await GraphRun.open(native, run, compiled, seed);
    graph.train(shardTask(6));
    graph.graph.dispose();
    return [...readGradients(run).values()];
  };
  const first = await once(stepKey(0, 0, 0));
  t.deepEqual(await once(stepKey(0, 0, 0)), first);
  t.notDeepEqual(await once(stepKey(0, 1, 0)), first);
});

test.serial('dropout keeps the share of elements that it says', async (t) => {
  const native = await loadNative();
  const model = tf.sequential({
    layers: [layers.dropout({ rate: 0.3, inputShape: [32, 32, 3] }), layers.flatten({}), layers.dense({ units: 2 })],
  });
  const run = engineRun(model, stepSpec(model, { preprocess: { scale: [0, 0, 0], offset: [0.7, 0.7, 0.7] } }));
  const graph = await GraphRun.open(native, run, compileHere(native, model, run.spec), [7, 7]);
  graph.train(shardTask(64));
  graph.graph.dispose();
  // With all inputs 0.7 (1 once scaled), zero weights and all labels 0, d loss / d kernel[i, 0] = -1/2 of the mean over samples of the
  // dropped input: -1/2 times the share of samples that kept element i.
  const kernel = [...readGradients(run).values()].find(({ length }) => length === 2 * 3072) as Float32Array;
  const kept = kernel.reduce((sum, value, index) => (index % 2 === 0 ? sum - 2 * value : sum), 0) / 3072;
  // 196,608 draws: the standard deviation of their mean is sqrt(0.3 * 0.7 / 196608) = 1.03e-3; five of them are allowed.
  t.true(Math.abs(kept - 0.7) < 5.2e-3, `${kept}`);
});

test.serial('bfloat16 gives the gradients of float32 to a hundredth, and stays in float32 outside', async (t) => {
  const native = await loadNative();
  // No ReLU and no maximum: rounding would switch some of them, which is a difference of another kind.
  const model = tf.sequential({
    layers: [
      layers.conv2d({ filters: 16, kernelSize: 3, activation: 'tanh', inputShape: [16, 16, 3] }),
      layers.depthwiseConv2d({ kernelSize: 3, padding: 'same', useBias: false }),
      layers.batchNormalization({}),
      layers.averagePooling2d({ poolSize: 2 }),
      layers.dropout({ rate: 0.25 }),
      layers.flatten({}),
      layers.dense({ units: 20, activation: 'elu' }),
      layers.dense({ units: 5 }),
    ],
  });
  const run = drawn(model);
  const results = async (precision: 'float32' | 'bfloat16'): Promise<[Map<string, Float32Array>, number]> => {
    const graph = await GraphRun.open(native, run, compileHere(native, model, stepSpec(model, { precision })), [1, 2]);
    graph.train(shardTask(8));
    graph.graph.dispose();
    return [readGradients(run), readStats(run)[stats.lossSum] as number];
  };
  const [exact, loss] = await results('float32');
  const [rounded, roundedLoss] = await results('bfloat16');
  t.true(Math.abs(roundedLoss / loss - 1) < 1e-2);
  for (const [name, expected] of exact) {
    const got = rounded.get(name) as Float32Array;
    const [error, size] = [0, 0].map((_, part) =>
      Math.sqrt(expected.reduce((sum, value, i) => sum + (part === 0 ? (got[i] as number) - value : value) ** 2, 0)),
    ) as [number, number];
    // bfloat16 keeps 8 bits: 2^-9 a rounding, a few dozen of them, most of which cancel.
    t.true(error < 2e-2 * size, `${name}: ${error / size}`);
  }
});

test('layers without a lowering are named', (t) => {
  const model = tf.sequential({
    layers: [
      layers.reshape({ name: 'rows', targetShape: [8, 24], inputShape: [8, 8, 3] }),
      layers.lstm({ name: 'memory', units: 4 }),
      layers.dense({ name: 'last', units: 5 }),
    ],
  });
  t.deepEqual(unsupportedLayers(model), [{ layer: 'memory', className: 'LSTM' }]);
  const error = t.throws(() => compileModel(model, stepSpec(model)), { instanceOf: ConvoyError, code: 'CONVOY_MODEL' });
  t.regex(error?.message ?? '', /Layer memory \(LSTM\): expected a layer that can be compiled/);
});

test('a cycle, a shape that does not fit and NaN are errors that name the layer', (t) => {
  const cyclic = small();
  const [first, norm] = [cyclic.getLayer('first'), cyclic.getLayer('norm')];
  const node = first.inboundNodes[0];
  if (node === undefined) throw new Error('no node');
  const input = node.inputTensors;
  node.inputTensors = norm.inboundNodes[0]?.outputTensors ?? [];
  const spec = stepSpec(small());
  t.throws(() => compileModel(cyclic, spec), {
    code: 'CONVOY_MODEL',
    message: /without cycles.*its output leads to its own input/,
  });
  node.inputTensors = input;

  const wrong = small();
  t.throws(() => compileModel(wrong, { ...stepSpec(wrong), image: { height: 8, width: 9, channels: 3 } }), {
    code: 'CONVOY_MODEL',
    message: /Layer last \(Dense\): expected inputs that fit but found \[batch, 168\]/,
  });
  t.throws(() => compileModel(wrong, { ...stepSpec(wrong), classes: 7 }), {
    code: 'CONVOY_MODEL',
    message: /output is \[batch, 7\] but found \[batch, 5\]/,
  });

  const constant = tf.sequential({
    layers: [
      layers.rescaling({ name: 'scaled', scale: Number.NaN, inputShape: [8, 8, 3] }),
      layers.flatten({}),
      layers.dense({ units: 5 }),
    ],
  });
  t.throws(() => compileModel(constant, stepSpec(constant)), { code: 'CONVOY_MODEL', message: /scaled.*NaN/ });

  const weight = small();
  weight.getLayer('last').setWeights([tf.fill([144, 5], Number.NaN), tf.zeros([5])]);
  t.throws(() => compileModel(weight, stepSpec(weight)), { code: 'CONVOY_MODEL', message: /last\/kernel.*NaN/ });
});

test('compiling leaves no tensor behind', (t) => {
  const model = small();
  const before = tf.memory().numTensors;
  compileModel(model, stepSpec(model));
  t.is(tf.memory().numTensors, before);
});

test('every network of the repository can be compiled', (t) => {
  for (const network of networks.filter(({ name }) => name !== 'custom')) {
    const size = usualSide(network);
    const model = network.create({ height: size, width: size, channels: 3, classes: 10 });
    t.deepEqual(unsupportedLayers(model), [], network.name);
    model.dispose();
  }
  t.true(networks.length > 3);
});
