// Per-pixel targets with a small U-Net: which pixels belong to the digit. A target is a row of 196 values, one a pixel.
import { datasetFromArrays, openDataset, Trainer, tf } from 'convoy-train';

const side = 14;
const { test: digits } = await openDataset({ name: 'mnist', seed: 0 }); // its 10,000 digits are enough
if (digits.store.kind !== 'pixels') throw new Error('MNIST is kept in memory');
const small = tf.tidy(() => {
  if (digits.store.kind !== 'pixels') return [];
  const all = tf.tensor4d(Float32Array.from(digits.store.pixels), [digits.count, 28, 28, 1]);
  return [...tf.avgPool(all, 2, 2, 'valid').round().dataSync()];
});
const targets = Array.from({ length: digits.count }, (_, n) =>
  small.slice(n * side * side, (n + 1) * side * side).map((value) => (value > 64 ? 1 : 0)),
);
const noise = tf.randomUniform([small.length], 0, 100, 'float32', 1).dataSync();
const noisy = Uint8Array.from(small, (value, index) => value * 0.6 + (noise[index] ?? 0));
const classes = Array.from({ length: side * side }, (_, pixel) => `pixel ${pixel}`);
const shape = { height: side, width: side, channels: 1 };
const train = datasetFromArrays({ name: 'masks', images: noisy, labels: targets, classes, shape });

const conv = (filters: number) => tf.layers.conv2d({ filters, kernelSize: 3, padding: 'same', activation: 'relu' });
const input = tf.input({ shape: [side, side, 1] });
const down = conv(8).apply(input) as tf.SymbolicTensor;
const middle = conv(16).apply(tf.layers.maxPooling2d({ poolSize: 2 }).apply(down)) as tf.SymbolicTensor;
const up = tf.layers.upSampling2d({}).apply(middle) as tf.SymbolicTensor;
const joined = conv(8).apply(tf.layers.concatenate().apply([down, up])) as tf.SymbolicTensor;
const logits = tf.layers.conv2d({ filters: 1, kernelSize: 1 }).apply(joined) as tf.SymbolicTensor;
const model = tf.model({ inputs: input, outputs: tf.layers.flatten().apply(logits) as tf.SymbolicTensor });

const config = { loss: { name: 'binaryCrossEntropy' as const }, optimizer: { name: 'adam' as const }, epochs: 5 };
const run = await new Trainer({ model, datasets: { train, test: train }, config }).train();
const pixels = tf.tensor4d(Float32Array.from(noisy), [digits.count, side, side, 1]).div(255);
const drawn = (run.model.predict(pixels) as tf.Tensor).greater(0); // a logit above 0: part of the digit
const right = drawn.equal(tf.tensor2d(targets).greater(0)).cast('float32').mean().dataSync()[0];
console.log('share of pixels that are right:', right?.toFixed(3));
