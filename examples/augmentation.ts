// Augmentation on a small training set, cats and dogs: the same network with and without flips and crops.
import { Trainer } from 'convoy-train';

const common = {
  dataset: 'cifar10',
  classes: ['cat', 'dog'],
  model: { name: 'cifar10-fast' },
  optimizer: { name: 'adam' as const },
  batchSize: 128,
  epochs: 6,
};
for (const augment of [[], ['flip', { name: 'crop' as const, padding: 4 }] as const]) {
  const run = await new Trainer({ config: { ...common, augment: [...augment] } }).train();
  const last = run.history.at(-1);
  console.log(
    `${augment.length === 0 ? 'without' : 'with'} augmentation: ` +
      `training accuracy ${last?.train.accuracy.toFixed(3)}, test accuracy ${last?.test?.accuracy.toFixed(3)}`,
  );
}
