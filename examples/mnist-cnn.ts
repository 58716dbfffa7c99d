// The first CNN of every course: two convolutions on MNIST.
import { Trainer, tf } from 'convoy-train';

const model = tf.sequential({
  layers: [
    tf.layers.conv2d({ inputShape: [28, 28, 1], filters: 32, kernelSize: 3, activation: 'relu' }),
    tf.layers.maxPooling2d({ poolSize: 2 }),
    tf.layers.conv2d({ filters: 64, kernelSize: 3, activation: 'relu' }),
    tf.layers.maxPooling2d({ poolSize: 2 }),
    tf.layers.flatten(),
    tf.layers.dropout({ rate: 0.5 }),
    tf.layers.dense({ units: 10 }),
  ],
});

const trainer = new Trainer({
  model,
  config: { dataset: 'mnist', optimizer: { name: 'adam' }, batchSize: 128, epochs: 3 },
});
for await (const { epoch, train, test } of trainer.run()) {
  console.log(`epoch ${epoch}: training loss ${train.loss.toFixed(4)}, test accuracy ${test?.accuracy.toFixed(4)}`);
}
