// Two classes, one output: binary cross-entropy, and the area under the ROC curve.
import { evaluateRun, Trainer, tf } from 'convoy-train';

const model = tf.sequential({
  layers: [
    tf.layers.conv2d({ inputShape: [32, 32, 3], filters: 32, kernelSize: 3, activation: 'relu' }),
    tf.layers.maxPooling2d({ poolSize: 2 }),
    tf.layers.conv2d({ filters: 64, kernelSize: 3, activation: 'relu' }),
    tf.layers.maxPooling2d({ poolSize: 2 }),
    tf.layers.flatten(),
    tf.layers.dropout({ rate: 0.5 }),
    tf.layers.dense({ units: 1 }), // one logit: above 0 is a dog
  ],
});
const folder = `runs/cats-and-dogs-${process.pid}`;
await new Trainer({
  model,
  config: {
    dataset: 'cifar10',
    classes: ['cat', 'dog'],
    loss: { name: 'binaryCrossEntropy' },
    optimizer: { name: 'adam' },
    epochs: 8,
  },
  out: folder,
}).train();

const { metrics } = await evaluateRun({ run: folder });
console.log('accuracy', metrics.accuracy.toFixed(3));
console.log('ROC AUC ', metrics.ranking?.rocAuc.toFixed(3));
