/**
 * The published CIFAR-10 weights of ResNet-20 (test/fixtures/parity/torch-resnet20-cifar10) in our network, over the 10,000
 * test images: PyTorch gets 8,103 right on the JPEG copy of the dataset. Fails when it is further off than 30.
 *
 *     CONVOY_DATA=FOLDER node dist/bench/published-resnet20.js
 */
import { readFileSync } from 'node:fs';
import { type Tensor, type Tensor2D, tf } from '../../src/base/tf.js';
import { openDataset } from '../../src/data/index.js';
import { createModel, setWeights } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { mapWeights, readWeightsFile } from '../../src/weights/index.js';

const batch = 500;
const tolerance = 30;

const folder = new URL('../../../test/fixtures/parity/torch-resnet20-cifar10/', import.meta.url);
const expected = JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8')) as {
  readonly correct_of_10000: number;
  readonly normalize: { readonly mean: readonly number[]; readonly std: readonly number[] };
};

await loadNative();
const { test } = await openDataset({ name: 'cifar10', seed: 0, download: false });
const { store, targets } = test;
if (store.kind !== 'pixels' || targets.kind !== 'classes') throw new TypeError('CIFAR-10 is pixels and classes');
const model = createModel('cifar-resnet20', { height: 32, width: 32, channels: 3, classes: 10 });
setWeights(model, mapWeights(model, await readWeightsFile(new URL('resnet20.safetensors', folder).pathname)));

const start = performance.now();
let correct = 0;
for (let first = 0; first < test.count; first += batch) {
  const pixels = store.pixels.slice(first * 3072, (first + batch) * 3072);
  const predicted = tf.tidy(() => {
    const images = tf
      .tensor4d(pixels, [pixels.length / 3072, 32, 32, 3], 'int32')
      .toFloat()
      .div(255);
    const normalized = images
      .sub(tf.tensor1d([...expected.normalize.mean]))
      .div(tf.tensor1d([...expected.normalize.std]));
    const logits = model.predict(normalized as Tensor) as Tensor2D;
    return logits.argMax(1).dataSync();
  });
  predicted.forEach((label, index) => {
    if (label === targets.labels[first + index]) correct++;
  });
}
const seconds = (performance.now() - start) / 1000;
console.log(`${correct} of ${test.count} right (PyTorch: ${expected.correct_of_10000}), ${seconds.toFixed(1)} s`);
if (Math.abs(correct - expected.correct_of_10000) > tolerance) {
  console.error(`expected ${expected.correct_of_10000} right, ${tolerance} either way`);
  process.exitCode = 1;
}
