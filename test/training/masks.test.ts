import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { RandomStream } from '../../src/base/random.js';
import type { ConfigInput } from '../../src/config/index.js';
import type { Dataset } from '../../src/contracts/index.js';
import { datasetFromArrays } from '../../src/data/index.js';
import { evaluateTask } from '../../src/tools/index.js';
import { openRun, Trainer } from '../../src/training/index.js';

const side = 16;

/** Light squares of class 1 and lighter ones of class 2 on a dark ground; the border of each is of no class. */
function squares(split: Dataset['split'], count: number): Dataset {
  const stream = new RandomStream(split === 'train' ? 1 : 2, 'test');
  const images = new Uint8Array(count * side * side * 3);
  const masks = new Uint8Array(count * side * side);
  for (let image = 0; image < count; image++) {
    for (const label of [1, 2]) {
      const [top, left, size] = [stream.below(10), stream.below(10), 4 + stream.below(3)];
      for (let y = top; y < top + size; y++) {
        for (let x = left; x < left + size; x++) {
          const pixel = (image * side + y) * side + x;
          const border = y === top || x === left || y === top + size - 1 || x === left + size - 1;
          masks[pixel] = border ? 255 : label;
          images.fill(label * 110, 3 * pixel, 3 * pixel + 3);
        }
      }
    }
  }
  return datasetFromArrays({
    images,
    shape: { height: side, width: side, channels: 3 },
    masks: Array.from({ length: count }, (_, i) =>
      Array.from({ length: side }, (_, y) => [...masks.subarray((i * side + y) * side, (i * side + y + 1) * side)]),
    ),
    classes: ['ground', 'grey', 'white'],
    split,
  });
}

const datasets = { train: squares('train', 48), test: squares('test', 20) };
/** The images of a dataset as nested numbers, [height][width][channels]. */
function imagesOf({ store, count }: Dataset): number[][][][] {
  if (store.kind !== 'pixels') throw new TypeError('pixels');
  const pixel = (at: number): number[] => [...store.pixels.subarray(3 * at, 3 * at + 3)];
  return Array.from({ length: count }, (_, i) =>
    Array.from({ length: side }, (_, y) => Array.from({ length: side }, (_, x) => pixel((i * side + y) * side + x))),
  );
}

const config: ConfigInput = {
  model: { name: 'unet', filters: 4, depth: 1 },
  loss: { name: 'dice', crossEntropy: 1 },
  optimizer: { name: 'adam' },
  learningRate: 0.01,
  batchSize: 12,
  shards: 3,
  epochs: 3,
  seed: 1,
  augment: [{ name: 'flip' }, { name: 'rotate', degrees: 20 }],
  augmentWorkers: 1,
};

test('masks: the same bits with 1, 2 and 3 workers, the last after a stop; scores are those of the masks', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-masks-'));
  try {
    const hashes = new Set<string>();
    for (const workers of [1, 2]) {
      const run = await new Trainer({ config: { ...config, workers }, datasets }).train();
      hashes.add(run.summary.weightsSha256);
      if (workers > 1) continue;
      // What the trained network says, counted here.
      const truth = datasets.test.targets.kind === 'masks' ? datasets.test.targets.masks : new Uint8Array();
      const each = side * side;
      const said = await run.segment(imagesOf(datasets.test));
      const counts = [0, 1, 2].map(() => ({ both: 0, either: 0 }));
      let [right, valid] = [0, 0];
      for (const [i, { mask }] of said.entries()) {
        for (let pixel = 0; pixel < each; pixel++) {
          const wanted = truth[i * each + pixel] as number;
          if (wanted === 255) continue;
          valid += 1;
          if (mask[pixel] === wanted) right += 1;
          counts.forEach((count, label) => {
            if (mask[pixel] === label && wanted === label) count.both += 1;
            if (mask[pixel] === label || wanted === label) count.either += 1;
          });
        }
      }
      const iou = counts.map(({ both, either }) => both / either).filter((value) => !Number.isNaN(value));
      const scores = run.history.at(-1)?.test ?? {};
      t.true(Math.abs((scores['mean-iou' as never] ?? 0) - iou.reduce((a, b) => a + b, 0) / iou.length) < 1e-9);
      t.true(Math.abs((scores['pixel-accuracy' as never] ?? 0) - right / valid) < 1e-9);
      t.true((scores['mean-iou' as never] ?? 0) > 0.5, 'it has learned');
      await t.throwsAsync(run.predict(imagesOf(datasets.test)), { message: /segment/ });
    }
    const out = join(folder, 'run');
    const third = new Trainer({ config: { ...config, workers: 3 }, datasets, out });
    for await (const epoch of third.run()) if (epoch.epoch === 1) break;
    const resumed = await new Trainer({ resume: out, datasets }).train();
    hashes.add(resumed.summary.weightsSha256);
    t.is(hashes.size, 1);
    const opened = await openRun(out);
    const evaluation = await evaluateTask({ run: out, datasets });
    t.is(evaluation.kind, 'masks');
    if (evaluation.kind !== 'masks') return;
    t.is(evaluation.metrics.meanIou, opened.history.at(-1)?.test?.['mean-iou'] ?? 0);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a network that rebuilds images learns from the images alone', async (t) => {
  const images = {
    train: { ...datasets.train, targets: { kind: 'pixels' as const } },
    test: { ...datasets.test, targets: { kind: 'pixels' as const } },
  };
  const model = { name: 'autoencoder', filters: 4, code: 8 };
  const run = await new Trainer({
    config: { ...config, model, loss: { name: 'meanSquaredError' }, augment: [], epochs: 4 },
    datasets: images,
  }).train();
  const losses = run.history.map(({ test: scores }) => scores?.loss ?? 0);
  t.true((losses.at(-1) ?? 1) < 0.8 * (losses[0] ?? 0), losses.join(' '));
  const rebuilt = await run.reconstruct(imagesOf(datasets.test));
  // The loss of a split is the mean of its images' errors.
  const mean = rebuilt.reduce((sum, { error }) => sum + error, 0) / 20;
  t.true(Math.abs(mean / (losses.at(-1) ?? 0) - 1) < 1e-4);
});

test('a network of another task is refused, with the networks that fit', async (t) => {
  for (const name of ['lenet5', 'mlp']) {
    const run = new Trainer({ config: { ...config, model: { name } }, datasets }).train();
    await t.throwsAsync(run, { code: 'CONVOY_MODEL', message: /unet/ });
  }
  const unfit = new Trainer({ config: { ...config, model: { name: 'unet', depth: 5 } }, datasets }).train();
  await t.throwsAsync(unfit, { message: /at least 32/ });
  const mixed = new Trainer({ config: { ...config, mix: { mixup: 0.2 } }, datasets }).train();
  await t.throwsAsync(mixed, {
    code: 'CONVOY_OPTION',
    message: /mixup needs a dataset of classes; this one has masks/,
  });
  const own = {
    train: { ...datasets.train, targets: { kind: 'pixels' as const } },
    test: { ...datasets.test, targets: { kind: 'pixels' as const } },
  };
  const softmax = new Trainer({ config: { ...config, model: { name: 'autoencoder' } }, datasets: own }).train();
  await t.throwsAsync(softmax, { code: 'CONVOY_OPTION', message: /meanSquaredError/ });
  const single = new Trainer({ config: { ...config, metrics: ['f1'] }, datasets }).train();
  await t.throwsAsync(single, { message: /mean-iou, dice, pixel-accuracy/ });
});
