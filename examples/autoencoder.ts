// Anomalies: an autoencoder learns to draw zeros; what it draws badly is no zero. Targets are the pixels themselves.
import { datasetFromArrays, openDataset, Trainer, tf } from 'convoy-train';

const pixels = 28 * 28;
const digits = await openDataset({ name: 'mnist', seed: 0 });

/** The images of a split of zeros, or of all other digits. */
function images({ store, targets }: (typeof digits)['train'], zeros: boolean): Uint8Array {
  if (store.kind !== 'pixels' || targets.kind !== 'classes') throw new Error('MNIST is kept in memory, with classes');
  const wanted = [...targets.labels.keys()].filter((n) => (targets.labels[n] === 0) === zeros);
  return Buffer.concat(wanted.map((n) => store.pixels.subarray(n * pixels, (n + 1) * pixels)));
}

const zeros = images(digits.train, true);
const train = datasetFromArrays({
  name: 'zeros',
  images: zeros,
  labels: tf.tensor2d(Float32Array.from(zeros), [zeros.length / pixels, pixels]).div(255),
  classes: Array.from({ length: pixels }, (_, pixel) => `pixel ${pixel}`),
  shape: { height: 28, width: 28, channels: 1 },
});
const dense = (units: number, activation: 'relu' | 'sigmoid') => tf.layers.dense({ units, activation });
const model = tf.sequential({ layers: [tf.layers.flatten({ inputShape: [28, 28, 1] }), dense(64, 'relu')] });
model.add(dense(8, 'relu')); // the bottleneck
model.add(dense(64, 'relu'));
model.add(dense(pixels, 'sigmoid'));
const config = { loss: { name: 'meanSquaredError' as const }, optimizer: { name: 'adam' as const }, epochs: 10 };
const run = await new Trainer({ model, datasets: { train, test: train }, config }).train();

for (const isZero of [true, false]) {
  const test = Float32Array.from(images(digits.test, isZero), (value) => value / 255);
  const x = tf.tensor4d(test, [test.length / pixels, 28, 28, 1]);
  const error = (run.model.predict(x) as tf.Tensor)
    .sub(x.reshape([-1, pixels]))
    .square()
    .mean()
    .dataSync()[0];
  console.log(`mean squared error of ${isZero ? 'zeros' : 'other digits'}: ${error?.toFixed(4)}`);
}
