import test from 'ava';
import { createModel } from '../src/models/index.js';
import { compareEngines, worst } from './support/engines.js';

/**
 * Networks at small sizes, where rounding switches no ReLU: one that switches (its input is 1e-7 in one engine and -1e-7
 * in the other) adds a term to all gradients before it. Deep networks with batch normalization at full size always have
 * a few.
 */
const sizes: Readonly<Record<string, number>> = {
  'shapes-cnn': 8,
  'mnist-cnn': 10,
  'cifar10-cnn': 8,
  'fashion-mnist-cnn': 16,
  'cifar10-fast': 10,
  mlp: 4,
  lenet5: 12,
  'cifar-resnet20': 8,
  'vit-tiny': 8,
};

for (const [name, size] of Object.entries(sizes)) {
  test.serial(`${name}: both engines agree on loss, outputs and every gradient`, async (t) => {
    const model = createModel(name, { height: size, width: size, channels: 3, classes: 10 });
    const most = worst(await compareEngines(model, {}, { batch: 17 }));
    // A dozen blocks of attention, one after the other, add to the rounding.
    t.true(most.difference < (name === 'vit-tiny' ? 5e-5 : 1e-5), `${most.name}: ${most.difference}`);
  });
}
