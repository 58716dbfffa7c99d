// One window of a convolution, first by hand, then as a layer: products of window and kernel, summed.
import { tf } from 'convoy-train';

const window = [
  [1, 2, 3],
  [4, 5, 6],
  [7, 8, 9],
];
const kernel = [
  [1, 0, 2],
  [0, 2, 1],
  [3, 2, 2],
];

let sum = 0;
for (const [y, row] of window.entries()) {
  for (const [x, value] of row.entries()) sum += value * (kernel[y]?.[x] ?? 0);
}
console.log('by hand:', sum); // 1·1 + 3·2 + 5·2 + 6·1 + 7·3 + 8·2 + 9·2 = 78

// A layer computes the same: images are [count, height, width, channels], kernels [height, width, inputs, outputs].
const image = tf.tensor4d(window.flat(), [1, 3, 3, 1]);
const layer = tf.layers.conv2d({ inputShape: [3, 3, 1], filters: 1, kernelSize: 3, useBias: false });
const model = tf.sequential({ layers: [layer] });
layer.setWeights([tf.tensor4d(kernel.flat(), [3, 3, 1, 1])]);
console.log('as a layer:', (model.predict(image) as tf.Tensor).dataSync()[0]);
