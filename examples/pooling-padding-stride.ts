// What padding, stride and pooling do to the size of an image.
import { tf } from 'convoy-train';

const image = tf.tensor4d(
  Array.from({ length: 36 }, (_, index) => index),
  [1, 6, 6, 1],
);

/** Height and width of what a layer makes of the image. */
function size(layer: ReturnType<typeof tf.layers.conv2d>): string {
  return (layer.apply(image) as tf.Tensor).shape.slice(1, 3).join('x');
}

const conv = { filters: 1, kernelSize: 3 } as const;
console.log('3x3 convolution, padding valid:', size(tf.layers.conv2d({ ...conv, padding: 'valid' }))); // 6 - 3 + 1 = 4
console.log('3x3 convolution, padding same: ', size(tf.layers.conv2d({ ...conv, padding: 'same' }))); // 6
console.log('the same with stride 2:        ', size(tf.layers.conv2d({ ...conv, padding: 'same', strides: 2 }))); // 3

const pooled = tf.layers.maxPooling2d({ poolSize: 2 }).apply(image) as tf.Tensor4D;
console.log('2x2 maximum pooling:');
pooled.squeeze([0, 3]).print(); // the largest of each 2x2 window

const average = tf.layers.averagePooling2d({ poolSize: 2 }).apply(image) as tf.Tensor4D;
console.log('2x2 average pooling:');
average.squeeze([0, 3]).print();
