import { readFileSync } from 'node:fs';
import test from 'ava';
import { type LayersModel, tf } from '../../src/base/tf.js';
import { modelParameters, setWeights } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { mapWeights, readWeightsFile } from '../../src/weights/index.js';
import { fashionImages, fixtures, kerasBatchNormResnet, kerasFashionCnn } from '../support/keras.js';

const fixture = (path: string): string => new URL(path, fixtures).pathname;

test.before(async () => {
  await loadNative();
});

/** The model's outputs, row by row. */
function predict(model: LayersModel, input: Float32Array, shape: number[]): number[] {
  return tf.tidy(() => [...(model.predict(tf.tensor(input, shape)) as ReturnType<typeof tf.tensor>).dataSync()]);
}

function largestDifference(actual: readonly number[], expected: readonly number[]): number {
  if (actual.length !== expected.length) return Infinity;
  return Math.max(...actual.map((value, index) => Math.abs(value - (expected[index] ?? NaN))));
}

for (const open of [kerasFashionCnn, kerasBatchNormResnet]) {
  for (const name of ['final.h5', 'final.weights.h5', 'final.keras']) {
    test.serial(
      `${open.name} ${name} equals final.safetensors tensor for tensor and gives Keras's outputs`,
      async (t) => {
        const keras = await open();
        const file = await readWeightsFile(fixture(`parity/${keras.name}/${name}`));
        const reference = await readWeightsFile(fixture(`parity/${keras.name}/final.safetensors`));
        const weights = mapWeights(keras.model, file);
        t.is(weights.length, reference.tensors.length);
        t.deepEqual(weights, mapWeights(keras.model, reference));
        for (const [index, { spec }] of modelParameters(keras.model).entries()) {
          t.deepEqual(weights[index], keras.final.get(spec.name), spec.name);
        }
        setWeights(keras.model, weights);
        const pixels = Float32Array.from(fashionImages().pixels.subarray(0, 4 * 784), (pixel) => pixel / 255);
        const outputs = predict(keras.model, pixels, [4, 28, 28, 1]);
        const difference = largestDifference(outputs, keras.expected.final_inference_output_first_4.flat());
        t.true(difference < 1e-5, `${difference}`);
        keras.model.dispose();
      },
    );
  }
}

test.serial('whole-model files give their architecture', async (t) => {
  const architecture: unknown = JSON.parse(readFileSync(fixture('parity/keras-fashion-cnn/architecture.json'), 'utf8'));
  for (const [name, format] of [
    ['final.h5', 'keras-h5'],
    ['final.keras', 'keras-archive'],
  ] as const) {
    const file = await readWeightsFile(fixture(`parity/keras-fashion-cnn/${name}`));
    t.is(file.format, format);
    const { config, class_name } = file.config as { config: { layers: unknown }; class_name: string };
    t.is(class_name, 'Sequential');
    t.deepEqual(layerNames(config.layers), layerNames((architecture as { config: { layers: unknown } }).config.layers));
  }
  t.is((await readWeightsFile(fixture('parity/keras-fashion-cnn/final.weights.h5'))).config, undefined);
});

function layerNames(layers: unknown): string[] {
  return (layers as { config: { name: string } }[]).map(({ config }) => config.name);
}

function nestedModel(): LayersModel {
  const { layers } = tf;
  const inner = tf.sequential({
    name: 'inner',
    layers: [
      layers.conv2d({ name: 'c', filters: 3, kernelSize: 3, inputShape: [6, 6, 2] }),
      layers.batchNormalization({ name: 'b', scale: false }),
    ],
  });
  const input = tf.input({ shape: [6, 6, 2] });
  let x = inner.apply(input);
  x = layers.dropout({ rate: 0.5 }).apply(x);
  x = layers.separableConv2d({ name: 's', filters: 4, kernelSize: 2 }).apply(x);
  x = layers.globalAveragePooling2d({}).apply(x);
  const output = layers.dense({ name: 'd', units: 2 }).apply(x) as ReturnType<typeof tf.input>;
  return tf.model({ inputs: input, outputs: output });
}

for (const name of ['nested.h5', 'nested.keras']) {
  test.serial(
    `a model in a model, saved with optimizer and dropout's seed, gives Keras's outputs: ${name}`,
    async (t) => {
      const expected = JSON.parse(readFileSync(fixture('weights/nested.json'), 'utf8')) as {
        input: number[];
        output: number[][];
      };
      const model = nestedModel();
      setWeights(model, mapWeights(model, await readWeightsFile(fixture(`weights/${name}`))));
      const outputs = predict(model, Float32Array.from(expected.input), [2, 6, 6, 2]);
      const difference = largestDifference(outputs, expected.output.flat());
      t.true(difference < 1e-5, `${difference}`);
      model.dispose();
    },
  );
}

test.serial(
  'an inner model alone takes its weights from the file of the whole by the ends of their names',
  async (t) => {
    const model = tf.sequential({
      name: 'elsewhere',
      layers: [
        tf.layers.conv2d({ name: 'c', filters: 3, kernelSize: 3, inputShape: [6, 6, 2] }),
        tf.layers.batchNormalization({ name: 'b', scale: false }),
      ],
    });
    for (const name of ['nested.h5', 'nested.keras']) {
      const file = await readWeightsFile(fixture(`weights/${name}`));
      const weights = mapWeights(model, file, { strict: false });
      const inner = mapWeights(nestedModel(), file).slice(0, 5);
      t.deepEqual(weights, inner);
    }
    model.dispose();
  },
);

test.serial('weights by layer name: old names, big-endian, compressed, double and integer numbers', async (t) => {
  // Written by h5py: conv1 kernel 0 to 11 in big-endian, gzipped chunks; bias 0 to 2 as doubles; fc kernel as integers.
  const file = await readWeightsFile(fixture('weights/legacy-weights.h5'));
  t.deepEqual(
    file.tensors.map(({ name, layer, shape, data }) => [name, layer, shape, [...data]]),
    [
      ['conv1_W_1', 'conv1', [2, 2, 1, 3], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]],
      ['conv1_b_1', 'conv1', [3], [0, 1, 2]],
      ['fc_W_1', 'fc', [3, 2], [0, 1, 2, 3, 4, 5]],
    ],
  );
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ name: 'conv1', filters: 3, kernelSize: 2, inputShape: [2, 2, 1] }),
      tf.layers.flatten(),
      tf.layers.dense({ name: 'fc', units: 2, useBias: false }),
    ],
  });
  t.deepEqual(
    mapWeights(model, file).map((values) => [...values]),
    file.tensors.map(({ data }) => [...data]),
  );
  model.dispose();
});

test.serial('PyTorch weights: convolution, depthwise, both batch norms, dense after flatten', async (t) => {
  const expected = JSON.parse(readFileSync(fixture('weights/torch-net.json'), 'utf8')) as {
    input_nhwc: number[];
    output: number[][];
  };
  const { layers } = tf;
  const epsilon = 1e-5;
  const model = tf.sequential({
    layers: [
      layers.conv2d({ name: 'conv', filters: 4, kernelSize: [3, 2], inputShape: [6, 5, 3] }),
      layers.batchNormalization({ name: 'bn', epsilon }),
      layers.reLU(),
      layers.depthwiseConv2d({ name: 'depthwise', kernelSize: 2, depthMultiplier: 2 }),
      layers.flatten(),
      layers.batchNormalization({ name: 'flat_bn', epsilon }),
      layers.dropout({ rate: 0.5 }),
      layers.dense({ name: 'fc1', units: 5, activation: 'relu' }),
      layers.dense({ name: 'fc2', units: 3 }),
    ],
  });
  const before = tf.memory().numTensors;
  setWeights(model, mapWeights(model, await readWeightsFile(fixture('weights/torch-net.safetensors'))));
  t.is(tf.memory().numTensors, before);
  const outputs = predict(model, Float32Array.from(expected.input_nhwc), [2, 6, 5, 3]);
  const difference = largestDifference(outputs, expected.output.flat());
  t.true(difference < 1e-5, `${difference}`);
  model.dispose();
});
