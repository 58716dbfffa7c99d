// CIFAR-10 with a network written layer by layer: look at the images first, then watch the accuracy of each epoch.
import { drawAugmentation, parseAugment, Trainer, tf } from 'convoy-train';

await drawAugmentation({ name: 'cifar10', seed: 0, augment: parseAugment('flip,crop:4'), file: 'cifar10.png' });
console.log('images, and what augmentation makes of them: cifar10.png');

const conv = (filters: number) => tf.layers.conv2d({ filters, kernelSize: 3, padding: 'same', activation: 'relu' });
const model = tf.sequential();
model.add(
  tf.layers.conv2d({ inputShape: [32, 32, 3], filters: 32, kernelSize: 3, padding: 'same', activation: 'relu' }),
);
model.add(conv(32));
model.add(tf.layers.maxPooling2d({ poolSize: 2 })); // 16x16
model.add(conv(64));
model.add(conv(64));
model.add(tf.layers.maxPooling2d({ poolSize: 2 })); // 8x8
model.add(tf.layers.flatten());
model.add(tf.layers.dense({ units: 256, activation: 'relu' }));
model.add(tf.layers.dropout({ rate: 0.5 }));
model.add(tf.layers.dense({ units: 10 }));
model.summary();

const config = { dataset: 'cifar10', optimizer: { name: 'adam' as const }, batchSize: 64, epochs: 5 };
for await (const { epoch, train, test } of new Trainer({ model, config }).run()) {
  console.log(`epoch ${epoch}: accuracy ${train.accuracy.toFixed(3)}, test accuracy ${test?.accuracy.toFixed(3)}`);
}
