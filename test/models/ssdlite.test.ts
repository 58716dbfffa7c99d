import { readFileSync } from 'node:fs';
import test from 'ava';
import { type Tensor, tf } from '../../src/base/tf.js';
import { withProbabilities } from '../../src/models/detections.js';
import { createModel, detectionsOf, initialWeights, modelParameters, setWeights } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { mapWeights, readSafetensors } from '../../src/weights/index.js';
import { compareEngines, worst } from '../support/engines.js';
import { madeUpImages, setMadeUpWeights } from '../support/made-up-weights.js';

/** Written by `test/fixtures/detection/ssdlite.py` with torchvision. */
const expected = JSON.parse(readFileSync('test/fixtures/detection/ssdlite.json', 'utf8')) as {
  readonly boxes: number;
  readonly every: number;
  readonly parameters: number;
  readonly names: Readonly<Record<string, number[]>>;
};
const side = 320;
const full = { height: side, width: side, channels: 3 };

test.before(async () => {
  await loadNative();
});

test("it has torchvision's trainable parameters for COCO's classes", (t) => {
  const model = createModel('ssdlite', { ...full, classes: 90 });
  const sizes = modelParameters(model).map(({ spec }) => (spec.trainable ? spec.shape.reduce((a, b) => a * b, 1) : 0));
  t.is(
    sizes.reduce((a, b) => a + b, 0),
    expected.parameters,
  );
  model.dispose();
});

test.serial("it gives torchvision's boxes and logits with the same weights", async (t) => {
  const { tensors } = await readSafetensors('test/fixtures/detection/ssdlite.safetensors');
  const rows = Float32Array.from(tensors.find(({ name }) => name === 'rows')?.data ?? []);
  const model = createModel('ssdlite', { ...full, classes: 3 });
  setMadeUpWeights(model, 0.7);
  t.deepEqual(model.outputs[0]?.shape, [null, expected.boxes, 7]);
  const found = tf.tidy(() =>
    (model.predict(tf.tensor(madeUpImages(1, side), [1, side, side, 3])) as Tensor).dataSync(),
  );
  const [boxes, logits] = [0, 0].map(() => [] as number[][]);
  for (const [at, value] of rows.entries()) {
    const other = found[Math.floor(at / 7) * expected.every * 7 + (at % 7)] ?? Number.NaN;
    (at % 7 < 4 ? boxes : logits)?.push([value, other]);
  }
  for (const pairs of [boxes ?? [], logits ?? []]) {
    const largest = Math.max(...pairs.map(([value = 0]) => Math.abs(value)));
    const apart = Math.max(...pairs.map(([a = 0, b = 0]) => Math.abs(a - b))) / largest;
    t.true(apart < 1e-4, `${apart}`);
  }
  model.dispose();
});

test("torchvision's state_dict finds its places", (t) => {
  const model = createModel('ssdlite', { ...full, classes: 3 });
  const entries = Object.entries(expected.names).filter(([name]) => !name.endsWith('num_batches_tracked'));
  const tensors = entries.map(([name, shape], place) => ({
    name,
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(place),
  }));
  const weights = mapWeights(model, { file: 'ssdlite.pth', format: 'safetensors', tensors });
  const kinds = new Map([
    ...['kernel', 'depthwise_kernel', 'gamma'].map((kind) => [kind, 'weight'] as const),
    ...['bias', 'beta'].map((kind) => [kind, 'bias'] as const),
    ['moving_mean', 'running_mean'] as const,
    ['moving_variance', 'running_var'] as const,
  ]);
  const parameters = modelParameters(model);
  t.is(parameters.length, entries.length);
  for (const [index, { spec }] of parameters.entries()) {
    const kind = spec.name.slice(spec.layer.length + 1);
    t.is(entries[weights[index]?.[0] ?? -1]?.[0], `${spec.layer}.${kinds.get(kind)}`);
  }
  model.dispose();
});

test('maps end with one of a single cell, and other networks are encoders', (t) => {
  const shapes = [
    // Cells at strides 16, 32 and 64 of 64x64.
    createModel('ssdlite', { height: 64, width: 64, channels: 1, classes: 2, widthFactor: 0.25 }),
    createModel('ssdlite', {
      ...{ height: 64, width: 64, channels: 1, classes: 2, encoder: 'cifar-resnet20', finestStride: 4, levels: 2 },
    }),
  ].map(({ outputs: [output] }) => output?.shape);
  t.deepEqual(shapes, [
    [null, 6 * (16 + 4 + 1), 6],
    [null, 6 * (256 + 64), 6],
  ]);
  t.throws(() => createModel('ssdlite', { ...full, classes: 2, finestStride: 8 }), { message: /16, or an encoder/ });
  t.throws(() => createModel('ssdlite', { ...full, classes: 2, encoder: 'cifar-resnet20' }), {
    message: /at most 4.*finestStride/,
  });
});

test('scores are shares of one softmax with a background of logit 0', (t) => {
  const row = Float32Array.of(4, 4, 20, 20, 2, 0.5);
  const sum = Math.exp(2) + Math.exp(0.5) + 1;
  const wanted = [Math.exp(2) / sum, Math.exp(0.5) / sum];
  const { scores } = detectionsOf(row, { classes: 2, image: { height: 32, width: 32 }, scores: 'softmax' });
  for (const found of [scores, withProbabilities(row, 2, 'softmax').subarray(4)]) {
    for (const [at, share] of wanted.entries()) t.true(Math.abs((found[at] ?? 0) - share) < 1e-6);
  }
  // Classes beyond the range of exponentials.
  t.true((withProbabilities(Float32Array.of(0, 0, 1, 1, 2000, -2000), 2, 'softmax')[4] ?? 0) > 0.999);
});

test.serial('both engines agree on SSDlite', async (t) => {
  const image = { height: 64, width: 32, channels: 3 };
  const model = createModel('ssdlite', { ...image, classes: 3, widthFactor: 0.25 });
  setWeights(model, initialWeights(model, 1));
  const differences = await compareEngines(
    model,
    { targets: 'boxes', classes: 3, boxes: 4, image, loss: { name: 'multibox', overlap: 0.5, negatives: 3 } },
    { batch: 4 },
  );
  const { name, difference } = worst(differences);
  // Rounding grows through some sixty layers with normalizations over four images.
  t.true(difference < 5e-4, `${name}: ${difference}`);
  for (const stats of ['stats', 'evaluated stats']) {
    t.true((differences.get(stats) ?? 1) < 1e-4, `${stats}: ${differences.get(stats)}`);
  }
});
