import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import sharp from 'sharp';
import { ConvoyError } from '../../src/base/errors.js';
import { tf } from '../../src/base/tf.js';
import type { PixelStore } from '../../src/contracts/index.js';
import { loadNative } from '../../src/native/index.js';
import { openRun, type TrainedRun, Trainer } from '../../src/training/index.js';
import { tinyDatasets, tinyModel } from '../support/tiny.js';

const config = { epochs: 4, batchSize: 16, learningRate: 0.05, optimizer: { name: 'adam' }, workers: 2 } as const;
const datasets = tinyDatasets();
const { pixels } = datasets.test.store as PixelStore;
const labels = datasets.test.targets.kind === 'classes' ? [...datasets.test.targets.labels] : [];
/** The test images one by one, [8, 8, 1] from 0 to 255. */
const images = labels.map((_, index) =>
  tf.tensor3d(Array.from(pixels.subarray(index * 64, index * 64 + 64)), [8, 8, 1]),
);

let folder: string;
let model: ReturnType<typeof tinyModel>;
let run: TrainedRun;
test.before(async () => {
  await loadNative();
  folder = await mkdtemp(join(tmpdir(), 'convoy-run-'));
  process.env['CONVOY_CACHE'] = join(folder, 'cache');
  model = tinyModel();
  run = await new Trainer({ config, datasets, model }).train();
});
test.after.always(() => rm(folder, { recursive: true, force: true }));

/** Share of the test images whose predicted class is the right one: the definition of accuracy. */
async function rightShare(trained: TrainedRun): Promise<number> {
  const predictions = await trained.predict(images);
  return predictions.filter(({ label }, index) => label === labels[index]).length / labels.length;
}

test.serial('predictions are right as often as the last evaluation said', async (t) => {
  t.true(run.summary.test.accuracy > 0.6, `accuracy ${run.summary.test.accuracy}`);
  t.is(await rightShare(run), run.summary.test.accuracy);
  const [first] = await run.predict(images[0] ?? []);
  t.is(first?.class, run.classes[first?.label ?? -1]);
  const sum = first?.probabilities.reduce((total, share) => total + share, 0) ?? 0;
  t.true(Math.abs(sum - 1) < 1e-6, `probabilities add up to ${sum}`);
});

test.serial('tensors, nested arrays, pixels in a row and files of one image are answered alike', async (t) => {
  const file = join(folder, 'first.png');
  const grey = Buffer.from(pixels.subarray(0, 64));
  await sharp(grey, { raw: { width: 8, height: 8, channels: 1 } })
    .png()
    .toFile(file);
  const forms = [images[0], await images[0]?.squeeze([2]).array(), Uint8Array.from(pixels.subarray(0, 64)), file];
  const [expected] = await run.predict(images[0] ?? []);
  for (const form of forms) {
    const [found] = await run.predict(form as string);
    t.deepEqual(found?.probabilities, expected?.probabilities);
  }
  const shares = images[0]?.div(255);
  const [scaled] = await run.predict(shares ?? [], { white: 1 });
  // A share of 255 in float32 is off by 2^-24 of itself at most.
  t.true(Math.abs((scaled?.probability ?? 0) - (expected?.probability ?? 1)) < 1e-5);
});

test.serial('several images in any form are answered in their order', async (t) => {
  const stacked = tf.stack(images.slice(0, 3));
  const grey = stacked.squeeze([3]);
  const forms = [
    stacked,
    grey,
    await stacked.array(),
    await grey.array(),
    images.slice(0, 3),
    pixels.slice(0, 192),
    Float32Array.from(pixels.subarray(0, 192)),
    [tf.stack(images.slice(0, 2)), pixels.slice(128, 192)],
  ];
  const expected = await run.predict(images.slice(0, 3));
  for (const form of forms) {
    const found = await run.predict(form as Uint8Array);
    t.deepEqual(found, expected);
  }
});

test.serial('a prediction leaves no tensor', async (t) => {
  const stacked = tf.stack(images.slice(0, 3));
  const before = tf.memory().numTensors;
  await run.predict(stacked);
  t.is(tf.memory().numTensors, before);
});

test.serial('its model is a new one with the same weights after its owner disposed it', async (t) => {
  const first = run.model;
  t.is(run.model, first);
  const weights = first.getWeights().map((weight) => weight.dataSync().slice());
  first.dispose();
  t.deepEqual(
    run.model.getWeights().map((weight) => weight.dataSync()),
    weights,
  );
});

test.serial('pixels of another size, or shares from 0 to 1, are refused with what is expected', async (t) => {
  await t.throwsAsync(run.predict(tf.zeros([9, 8, 1])), { message: /8x8x1.*9x8x1/ });
  await t.throwsAsync(run.predict(tf.fill([8, 8, 1], 0.5)), { message: /white: 1/ });
  await t.throwsAsync(run.predict(tf.fill([8, 8, 1], -1)), { message: /from 0 to 255/ });
});

test.serial('its model has the trained weights, and the caller may dispose it', async (t) => {
  const { scale, offset } = run.record.preprocess;
  const input = (tf.stack(images) as ReturnType<typeof tf.tensor4d>).mul(scale[0] ?? 1).add(offset[0] ?? 0);
  const outputs = run.model.predict(input) as ReturnType<typeof tf.tensor2d>;
  const classes = await outputs.argMax(1).data();
  t.is(
    [...classes].filter((label, index) => label === labels[index]).length / labels.length,
    run.summary.test.accuracy,
  );
  run.model.dispose();
  t.is(await rightShare(run), run.summary.test.accuracy, 'the run predicts with a model that is its own');
});

test.serial("a model given in code stays its owner's, and is trained again to the same bits", async (t) => {
  t.notThrows(() => model.predict(tf.zeros([1, 8, 8, 1])));
  const again = await new Trainer({ config, datasets, model }).train();
  t.is(again.summary.weightsSha256, run.summary.weightsSha256);
});

test.serial(
  'a saved run is opened without the data: the same predictions, and scores where data are given',
  async (t) => {
    const saved = join(folder, 'saved');
    await run.save(saved);
    const opened = await openRun(saved);
    t.deepEqual(await opened.predict(images), await run.predict(images));
    t.deepEqual(opened.history, run.history);
    t.deepEqual(await opened.evaluate(datasets.test), await run.evaluate());
    t.is((await opened.evaluate(datasets.test)).accuracy, run.summary.test.accuracy);
    const error = await t.throwsAsync(opened.evaluate(), { instanceOf: ConvoyError });
    t.regex(error.message, /made in code/);
    await t.throwsAsync(run.save(saved), { message: /new folder/ });
  },
);

test.serial('a run folder is recorded under the names of data and model made in code', async (t) => {
  const out = join(folder, 'run');
  const trained = await new Trainer({ config: { ...config, epochs: 1 }, datasets, model, out }).train();
  const opened = await openRun(out);
  t.is(opened.record.dataset.name, 'tiny');
  t.true(opened.record.dataset.madeInCode);
  t.deepEqual(opened.record.classes, ['top', 'middle', 'bottom']);
  t.is(opened.config.dataset, 'tiny');
  t.is(opened.config.model.name, model.name);
  t.deepEqual(await opened.predict(images), await trained.predict(images));
});

test.serial('arguments of other types and options that are not known are refused with what was meant', async (t) => {
  const wrong: readonly [() => Promise<unknown>, RegExp][] = [
    [
      () => run.evaluate({ train: datasets.train, test: datasets.test } as never),
      /a dataset for evaluate.*openDataset/,
    ],
    [() => run.evaluate('photos' as never), /a dataset for evaluate but received "photos"/],
    [() => run.predict(images, { whit: 1 } as never), /"whit" of predict; did you mean white/],
    [() => run.predict(images, { white: 2 as never }), /1 or 255 for white/],
    [() => run.predict(undefined as never), /numbers .* for images but received nothing/],
    [() => openRun(undefined as never), /a run folder for openRun but received nothing/],
    [() => openRun(folder, { datadir: 'data' } as never), /"datadir" of openRun; did you mean dataDir/],
  ];
  for (const [use, message] of wrong) await t.throwsAsync(use(), { instanceOf: ConvoyError, message });
});
