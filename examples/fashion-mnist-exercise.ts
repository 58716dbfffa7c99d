// Exercise: change one thing at a time (windows, filters, dense layers, optimizer, L2) and compare. Save, and load elsewhere.
import { openRun, Trainer, tf } from 'convoy-train';

const choices = { window: 3, filters: 32, dense: 100, l2: 1e-4 };

const kernelRegularizer = tf.regularizers.l2({ l2: choices.l2 });
const model = tf.sequential({
  layers: [
    tf.layers.conv2d({
      inputShape: [28, 28, 1],
      filters: choices.filters,
      kernelSize: choices.window,
      activation: 'relu',
      kernelRegularizer,
    }),
    tf.layers.maxPooling2d({ poolSize: 2 }),
    tf.layers.flatten(),
    tf.layers.dense({ units: choices.dense, activation: 'relu', kernelRegularizer }),
    tf.layers.dense({ units: 10 }),
  ],
});
const run = await new Trainer({
  model,
  config: {
    dataset: 'fashion-mnist',
    optimizer: { name: 'adam' },
    schedule: { name: 'reduceOnPlateau', patience: 1 },
    earlyStopping: { patience: 3, monitor: 'test.loss' },
    epochs: 8,
  },
}).train();
console.log('accuracy by epoch:', run.history.map(({ test }) => test?.accuracy.toFixed(3)).join(' '));
const folder = `runs/exercise-${process.pid}`;
await run.save(folder);

const loaded = await openRun(folder); // in another program, on another machine, without the data
console.log('the same network predicts:', (await loaded.predict('shoe.png'))[0]?.class);
