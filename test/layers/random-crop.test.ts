import test from 'ava';
import { type Tensor, tf } from '../../src/base/tf.js';
import { LayerSettings, layerDefinition, type RandomSource } from '../../src/layers/index.js';
import { loadArchitecture } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';

test.before(async () => {
  await loadNative();
});

/** Two images of 4 rows and 5 columns; a pixel is 100 image + 10 row + column. */
const images = (): Tensor =>
  tf.tensor(
    [0, 1].flatMap((image) => Array.from({ length: 20 }, (_, at) => 100 * image + 10 * Math.floor(at / 5) + (at % 5))),
    [2, 4, 5, 1],
  );

test('a crop of 2x3 begins at the row and column that two numbers between 0 and 1 choose, the same for the batch', (t) => {
  const settings = new LayerSettings({ height: 2, width: 3 });
  const cropped = (u: number, v: number): number[] => {
    const random = { uniform: () => tf.tensor1d([u, v]) } as unknown as RandomSource;
    const draw = layerDefinition('RandomCrop')?.draw;
    return tf.tidy(() => [...(draw?.(settings, images(), random, 0, {} as never).dataSync() ?? [])]);
  };
  const from = (row: number, column: number): number[] =>
    [0, 100].flatMap((image) => [0, 1].flatMap((y) => [0, 1, 2].map((x) => image + 10 * (row + y) + column + x)));
  // 3 rows and 3 columns to begin at.
  t.deepEqual(cropped(0, 0), from(0, 0));
  t.deepEqual(cropped(0.999, 0.999), from(2, 2));
  t.deepEqual(cropped(0.34, 0.66), from(1, 1));
});

const layers = (dtype: unknown) => [
  { class_name: 'InputLayer', config: { batch_input_shape: [null, 4, 5, 1], name: 'input', dtype } },
  {
    class_name: 'RandomCrop',
    config: { height: 2, width: 2, seed: 1, data_format: 'channels_last', name: 'crop', dtype },
  },
];
const keras2 = { class_name: 'Sequential', config: { name: 'net', layers: layers('float32') } };
const keras3 = {
  class_name: 'Sequential',
  config: { name: 'net', layers: layers({ class_name: 'DTypePolicy', config: { name: 'float32' } }) },
};

test('in inference Keras 3 gives whole images, Keras 2 the largest window of the ratio, resized', (t) => {
  // Of 4x5 the window of ratio 1 is columns 0 to 3, the odd column right; bilinear by half are means of 2x2 pixels.
  const window = [0, 100].flatMap((image) => [5.5, 7.5, 25.5, 27.5].map((mean) => image + mean));
  for (const [json, expected] of [
    [keras3, () => [...images().dataSync()]],
    [keras2, () => window],
  ] as const) {
    const model = loadArchitecture(json);
    const again = loadArchitecture(JSON.parse(String(model.toJSON())));
    for (const network of [model, again]) {
      tf.tidy(() => t.deepEqual([...(network.predict(images()) as Tensor).dataSync()], expected()));
      network.dispose();
    }
  }
});
