import { readFileSync } from 'node:fs';
import test, { type ExecutionContext } from 'ava';
import { z } from 'zod';
import { ConvoyError } from '../../src/base/errors.js';
import { type LayersModel, type Tensor, tf } from '../../src/base/tf.js';
import { activations, gradCam, gradCamPlusPlus, maxActivation, occlusion, saliency } from '../../src/explain/index.js';
import { loadNative } from '../../src/native/index.js';

const numbers = z.array(z.number());
/** By PyTorch's autograd: `test/fixtures/explain.py`. */
const reference = z
  .object({
    weights: z.array(numbers),
    images: numbers,
    classes: numbers,
    features: numbers,
    predicted: numbers,
    gradCam: numbers,
    gradCamPlusPlus: numbers,
    saliency: numbers,
    occlusion: z.object({ size: z.number(), stride: z.number(), fill: z.number(), values: numbers }),
  })
  .parse(JSON.parse(readFileSync(new URL('../../../test/fixtures/explain.json', import.meta.url), 'utf8')));
const { classes } = reference;

function network(end: 'logits' | 'softmax' | 'softmax layer'): LayersModel {
  const { layers } = tf;
  const conv = (name: string, filters: number) =>
    layers.conv2d({ name, filters, kernelSize: 3, padding: 'same', activation: 'relu' });
  const input = tf.input({ shape: [10, 10, 2] });
  let x = conv('first', 5).apply(input);
  x = layers.maxPooling2d({ poolSize: 2 }).apply(x);
  x = conv('second', 6).apply(x);
  x = layers.maxPooling2d({ poolSize: 2, strides: 1 }).apply(x);
  x = layers.flatten().apply(x);
  x = layers.dropout({ rate: 0.5 }).apply(x);
  x = layers.dense({ name: 'head', units: 4, activation: end === 'softmax' ? 'softmax' : 'linear' }).apply(x);
  if (end === 'softmax layer') x = layers.softmax().apply(x);
  const model = tf.model({ inputs: input, outputs: x as ReturnType<typeof tf.input> });
  model.setWeights(model.getWeights().map((weight, index) => tf.tensor(reference.weights[index] ?? [], weight.shape)));
  return model;
}

let images: Tensor;
test.before(async () => {
  await loadNative();
  images = tf.tensor(reference.images, [3, 10, 10, 2]);
});

function near(t: ExecutionContext, found: ArrayLike<number>, expected: readonly number[], what: string): void {
  t.is(found.length, expected.length, what);
  const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - (found[i] ?? Number.NaN))), 0);
  t.true(worst <= 1e-4, `${what}: ${worst}`);
}

for (const end of ['logits', 'softmax', 'softmax layer'] as const) {
  test.serial(`class maps of a model that ends in ${end} are those of PyTorch's autograd`, async (t) => {
    const model = network(end);
    const layer = 'second';
    const cam = await gradCam(model, images, { layer, classes });
    t.deepEqual(cam.shape, [3, 5, 5]);
    t.deepEqual([...cam.classes], classes);
    near(t, cam.values, reference.gradCam, 'Grad-CAM');
    near(
      t,
      (await gradCam(model, images, { classes })).values,
      reference.gradCam,
      'of the last convolution by default',
    );
    const plus = await gradCamPlusPlus(model, images, { layer, classes });
    near(t, plus.values, reference.gradCamPlusPlus, 'Grad-CAM++');
    const shown = await saliency(model, images, { classes });
    t.deepEqual(shown.shape, [3, 10, 10]);
    near(t, shown.values, reference.saliency, 'saliency');
    const { values, ...square } = reference.occlusion;
    const covered = await occlusion(model, images, { ...square, classes });
    t.deepEqual(covered.shape, [3, 3, 3]);
    near(t, covered.values, values, 'occlusion');
  });
}

test.serial('activations are those of PyTorch, and of every layer by default', async (t) => {
  const model = network('logits');
  const [second] = await activations(model, images, ['second']);
  t.deepEqual(second?.shape, [3, 5, 5, 6]);
  near(t, second?.values ?? [], reference.features, 'second');
  const all = await activations(model, images);
  t.deepEqual(
    all.map(({ layer }) => layer),
    model.layers.map(({ name }) => name),
  );
  // Every layer, as tfjs's own predict gives it.
  const output = model.predict(images) as Tensor;
  near(t, all.at(-1)?.values ?? [], [...output.dataSync()], 'output');
});

test.serial('the class explained is the most likely one by default', async (t) => {
  const { classes: found } = await saliency(network('softmax'), images);
  t.deepEqual([...found], reference.predicted);
});

test.serial('images that excite a channel come with its largest value, the largest first', async (t) => {
  const channel = 3;
  const expected = [0, 1, 2]
    .map((image) => {
      const own = reference.features.slice(image * 150, (image + 1) * 150).filter((_, i) => i % 6 === channel);
      return { image, activation: Math.max(...own) };
    })
    .sort((a, b) => b.activation - a.activation);
  const found = await maxActivation(network('logits'), images, { layer: 'second', channel });
  t.deepEqual(
    found.map(({ image }) => image),
    expected.map(({ image }) => image),
  );
  near(
    t,
    found.map(({ activation }) => activation),
    expected.map(({ activation }) => activation),
    'activation',
  );
});

test.serial('a branch that joins again is followed, and one output is a score of the second class', async (t) => {
  // score = sum(3 x + x * x) over one pixel: the gradient is 3 + 2 x.
  const input = tf.input({ shape: [1, 1, 1] });
  const tripled = tf.layers
    .conv2d({ filters: 1, kernelSize: 1, useBias: false, weights: [tf.tensor4d([3], [1, 1, 1, 1])] })
    .apply(input) as ReturnType<typeof tf.input>;
  const squared = tf.layers.multiply().apply([input, input]) as ReturnType<typeof tf.input>;
  const joined = tf.layers.add().apply([tripled, squared]) as ReturnType<typeof tf.input>;
  const model = tf.model({ inputs: input, outputs: tf.layers.flatten().apply(joined) as ReturnType<typeof tf.input> });
  const { values } = await saliency(model, tf.tensor4d([2], [1, 1, 1, 1]));
  t.is(values[0], 7);
});

test.serial('a path that passes the layer by is computed too: residual networks have class maps', async (t) => {
  // A = 3 x, score = mean(A + x) over 4 pixels: the gradient of A is 1/4 everywhere, and Grad-CAM is relu(A) / 4.
  const input = tf.input({ shape: [2, 2, 1] });
  const own = tf.layers
    .conv2d({ name: 'own', filters: 1, kernelSize: 1, useBias: false, weights: [tf.tensor4d([3], [1, 1, 1, 1])] })
    .apply(input) as ReturnType<typeof tf.input>;
  const joined = tf.layers.add().apply([own, input]) as ReturnType<typeof tf.input>;
  const pooled = tf.layers.globalAveragePooling2d({}).apply(joined) as ReturnType<typeof tf.input>;
  const model = tf.model({ inputs: input, outputs: pooled });
  const { values } = await gradCam(model, tf.tensor4d([4, -8, 12, 16], [1, 2, 2, 1]), { layer: 'own', classes: 1 });
  t.deepEqual([...values], [3, 0, 9, 12]);
});

test.serial('no tensor is left behind', async (t) => {
  const model = network('softmax');
  const before = tf.memory().numTensors;
  await gradCam(model, images);
  await gradCamPlusPlus(model, images, { classes: 1 });
  await saliency(model, images);
  await occlusion(model, images);
  await activations(model, images);
  await maxActivation(model, images, { layer: 'head', channel: 0 });
  t.is(tf.memory().numTensors, before);
});

test.serial('wrong layers, classes, channels, squares and images are refused by name', async (t) => {
  const model = network('logits');
  const refused = (promise: Promise<unknown>, message: RegExp) =>
    t.throwsAsync(promise, { instanceOf: ConvoyError, code: 'CONVOY_OPTION', message });
  await refused(gradCam(model, images, { layer: 'third' }), /first.*second.* for layer but received "third"/);
  await refused(gradCam(model, images, { layer: 'head' }), /a layer that gives maps/);
  await refused(saliency(model, images, { classes: 4 }), /integers from 0 to 3 for classes but received 4/);
  await refused(saliency(model, images, { classes: [1] }), /a class for each of 3 images/);
  await refused(occlusion(model, images, { size: 11 }), /an integer from 1 to 10 for size/);
  await refused(occlusion(model, images, { stride: 0 }), /1 or more for stride/);
  await refused(maxActivation(model, images, { layer: 'second', channel: 6 }), /from 0 to 5 of second for channel/);
  await refused(activations(model, tf.zeros([3, 8, 8, 2]) as Tensor), /\[images, 10, 10, 2\]/);
});
