import test from 'ava';
import { readWeights } from '../../src/coordinator/run-memory.js';
import { createModel, initialWeights, modelParameters } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { Trainer } from '../../src/training/trainer.js';
import { transferFrom } from '../../src/transfer/index.js';
import { summaryOf } from '../support/summary.js';
import { tinyDatasets } from '../support/tiny-data.js';

test.before(async () => {
  await loadNative();
});

for (const engine of ['compiled', 'eager'] as const) {
  test.serial(
    `${engine}: training moves the head; frozen weights and statistics stay to the bit, weight decay or not`,
    async (t) => {
      const base = createModel('cifar-resnet20', { height: 8, width: 8, channels: 1, classes: 5 });
      const options = { classes: 3, head: '16,dropout:0.5', seed: 1 };
      const { model, weights } = transferFrom({ model: base, weights: initialWeights(base, 2) }, options);
      let current: () => Float32Array[] = () => [];
      let trained: Float32Array[] = [];
      const trainer = new Trainer({
        config: {
          dataset: 'tiny',
          optimizer: { name: 'adamw', weightDecay: 0.1 },
          epochs: 2,
          batchSize: 16,
          workers: engine === 'compiled' ? 2 : 1,
          engine,
        },
        datasets: tinyDatasets(),
        model,
        weights,
        callbacks: [
          { name: 'weights', onTrainEnd: () => void (trained = current().map((values) => Float32Array.from(values))) },
        ],
        onStart: ({ arena, layout }) => void (current = () => readWeights(arena, layout)),
      });
      await trainer.train().then(summaryOf);
      t.is(trained.length, weights.length);
      modelParameters(model).forEach(({ spec }, index) => {
        const before = Buffer.from(weights[index]?.buffer ?? new ArrayBuffer(0));
        const after = Buffer.from(trained[index]?.buffer ?? new ArrayBuffer(0));
        t.is(before.equals(after), !spec.layer.startsWith('head'), spec.name);
      });
    },
  );
}
