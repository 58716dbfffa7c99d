import test from 'ava';
import { type SymbolicTensor, tf } from '../../src/base/tf.js';
import { type Dataset, Trainer, type TrainerOptions } from '../../src/index.js';
import { loadNative } from '../../src/native/index.js';
import { checkFits } from '../../src/runtime/base-model.js';
import { tinyDatasets } from '../support/tiny-data.js';

const datasets = tinyDatasets();

test('a trainer refuses what it would pass over, with what it takes', (t) => {
  const wrong: readonly [unknown, RegExp][] = [
    [undefined, /an object for the options of Trainer/],
    [{ mdoel: undefined }, /"mdoel" of Trainer; did you mean model/],
    [{ dataset: datasets.train }, /did you mean datasets/],
    [{ epochs: 5 }, /Unknown option "epochs" of Trainer/],
    [{ model: 'resnet18' }, /a tf.LayersModel \(config.model names a network\)/],
    [{ datasets: datasets.train }, /datasets.train but received nothing; datasetFromArrays/],
    [{ datasets: { train: datasets.train } }, /datasets.test but received nothing/],
    [{ datasets: { train: [1, 2], test: [3] } }, /datasets.train/],
    [{ callbacks: { name: 'mine' } }, /a list for callbacks/],
  ];
  for (const [options, message] of wrong) t.throws(() => new Trainer(options as TrainerOptions), { message });
  t.notThrows(() => new Trainer({ datasets, config: {}, onNote: undefined }));
});

test('a network that does not fit the data is told what to change in it', (t) => {
  const { layers } = tf;
  const networks: readonly [
    ReturnType<typeof tf.layers.flatten | typeof tf.layers.conv2d | typeof tf.layers.reLU>,
    RegExp,
  ][] = [
    [layers.reLU({ inputShape: [64] }), /flatten\(\{ inputShape: \[8, 8, 1\] \}\)/],
    [layers.conv2d({ filters: 3, kernelSize: 3, inputShape: [8, 8, 1] }), /6x6x3; put a flatten layer behind it/],
    [layers.flatten({ inputShape: [8, 8, 1] }), /give the last layer 3 units/],
    [layers.flatten({ inputShape: [9, 8, 1] }), /--image-size resizes/],
  ];
  for (const [layer, message] of networks) {
    t.throws(() => checkFits(tf.sequential({ layers: [layer] }), 'mine', datasets.train as Dataset), { message });
  }
});

test('a model with two outputs is refused: a training takes one', async (t) => {
  await loadNative();
  const pixels = tf.input({ shape: [8, 8, 1] });
  const flat = tf.layers.flatten().apply(pixels) as SymbolicTensor;
  const heads = [2, 3].map((units) => tf.layers.dense({ units }).apply(flat) as SymbolicTensor);
  const model = tf.model({ name: 'two', inputs: pixels, outputs: heads });
  const training = new Trainer({ config: { dataset: 'tiny', epochs: 1, workers: 1 }, model, datasets }).train();
  await t.throwsAsync(training, { code: 'CONVOY_MODEL', message: /two: expected a model with one output.*found 2/ });
});
