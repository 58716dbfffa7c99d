/** Defects in drawn stripes, by the features of a network that has learned nothing, end to end. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import sharp from 'sharp';
import {
  evaluateClasses,
  fitAnomalyModel,
  meanAuroc,
  oneClassScores,
  openAnomalyData,
  openAnomalyModel,
  scoreFiles,
} from '../../src/anomaly/index.js';
import { defaultLayers } from '../../src/anomaly/network.js';
import { RandomStream } from '../../src/base/random.js';
import { type LayersModel, type Tensor, tf } from '../../src/base/tf.js';
import { datasetFromArrays } from '../../src/data/index.js';
import { areaUnderRoc } from '../../src/metrics/anomaly/index.js';
import { createModel, initialWeights, setWeights } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { inProcess, records } from '../support/convoy.js';

const side = 32;
const image = { height: side, width: side, channels: 3 };
let model: LayersModel;
let folder: string;
const network = () => ({
  model,
  record: { image, preprocess: { scale: [1 / 128, 1 / 128, 1 / 128], offset: [-1, -1, -1] }, targets: 'classes' },
});

/** Stripes with noise; a defect is a square of 8 pixels in which they are turned by a right angle. */
function stripes(index: number, defect: boolean, upright = true): { pixels: Uint8Array; mask: Uint8Array } {
  const random = new RandomStream(3, 'test', index, Number(defect));
  const [top, left] = [random.below(side - 8), random.below(side - 8)];
  const pixels = new Uint8Array(side * side * 3);
  const mask = new Uint8Array(side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const inside = defect && y >= top && y < top + 8 && x >= left && x < left + 8;
      const light = (inside === upright ? y : x) % 4 < 2 ? 170 : 70;
      const pixel = y * side + x;
      mask[pixel] = inside ? 255 : 0;
      for (let channel = 0; channel < 3; channel++) pixels[pixel * 3 + channel] = light + random.below(30);
    }
  }
  return { pixels, mask };
}

const normals = Array.from({ length: 40 }, (_, index) => stripes(index, false).pixels);
const tested = Array.from({ length: 24 }, (_, index) => stripes(100 + index, index % 2 === 1));

test.before(async () => {
  await loadNative();
  model = createModel('cifar-resnet20', { ...image, classes: 10 });
  setWeights(model, initialWeights(model, 1));
  folder = await mkdtemp(join(tmpdir(), 'convoy-anomaly-'));
});
test.after.always(() => rm(folder, { recursive: true }));

for (const method of ['padim', 'patchcore'] as const) {
  test.serial(`${method} finds images with a defect and its place; the file scores the same`, async (t) => {
    const options = { method, channels: 24, candidates: 2000, share: 0.05 };
    const tensors = tf.memory().numTensors;
    const fitted = await fitAnomalyModel(network(), normals, options);
    t.deepEqual([fitted.settings.fitted, fitted.settings.heldOut], [36, 4]);
    const pixels = tested.map((each) => each.pixels);
    const scores = await fitted.score(pixels);
    const area = areaUnderRoc(
      Float64Array.from(scores, ({ score }) => score),
      tested.map((_, index) => index % 2),
    );
    t.true(area > 0.95, `images: ${area}`);
    const maps = scores.flatMap(({ map }) => [...map]);
    const masks = tested.flatMap(({ mask }) => [...mask]);
    const places = areaUnderRoc(Float64Array.from(maps), masks);
    t.true(places > 0.9, `pixels: ${places}`);
    for (const { score, anomalous } of scores) t.is(anomalous, score > fitted.threshold);

    const file = join(folder, `${method}.safetensors`);
    await fitted.save(file);
    const opened = await openAnomalyModel(file);
    t.deepEqual(opened.settings, fitted.settings);
    const [again] = await opened.score(pixels.slice(1, 2));
    // In a batch of another size TensorFlow may sum in another order.
    t.true(Math.abs((again?.score ?? 0) / (scores[1]?.score ?? 1) - 1) < 1e-4);
    opened.dispose();
    t.false(model.weights.some((weight) => weight.read().isDisposed));
    t.is(tf.memory().numTensors, tensors);
  });
}

test('layers are the last of each size', (t) => {
  const layers = defaultLayers(model, image);
  const shapes = layers.map((name) => model.getLayer(name).outputShape);
  t.deepEqual(shapes, [
    [null, 32, 32, 16],
    [null, 16, 16, 32],
    [null, 8, 8, 64],
  ]);
  // Of a ResNet for photographs the paper takes the outputs of its first three stages: 64, 128 and 256 channels.
  const photographs = createModel('resnet18', { height: 64, width: 64, channels: 3, classes: 10 });
  const found = defaultLayers(photographs, { height: 64, width: 64 });
  t.deepEqual(
    found.map((name) => photographs.getLayer(name).outputShape.slice(1)),
    [
      [16, 16, 64],
      [8, 8, 128],
      [4, 4, 256],
    ],
  );
  photographs.dispose();
});

test.serial('a network that rebuilds images scores by its squared errors, also from a file', async (t) => {
  const shape = { height: 16, width: 16, channels: 1 };
  const own = createModel('autoencoder', { ...shape, classes: 1 });
  setWeights(own, initialWeights(own, 2));
  const random = new RandomStream(4, 'test');
  const images = Array.from({ length: 8 }, () => Uint8Array.from({ length: 256 }, () => random.below(256)));
  const preprocess = { scale: [1 / 255], offset: [0] };
  const fitted = await fitAnomalyModel(
    { model: own, record: { image: shape, preprocess, targets: 'pixels' } },
    images,
    {
      sigma: 0,
    },
  );
  t.is(fitted.method, 'reconstruction');
  const file = join(folder, 'rebuilt.safetensors');
  await fitted.save(file);
  const opened = await openAnomalyModel(file);
  const scores = await opened.score(images);
  for (const [index, pixels] of images.entries()) {
    const input = Float32Array.from(pixels, (value) => value / 255);
    const rebuilt = tf.tidy(() => (own.predict(tf.tensor4d(input, [1, 16, 16, 1])) as Tensor).dataSync());
    const errors = Array.from(rebuilt, (value, at) => (value - (input[at] as number)) ** 2);
    const mean = errors.reduce((sum, error) => sum + error, 0) / 256;
    t.true(Math.abs((scores[index]?.score ?? 0) / mean - 1) < 1e-5);
    t.true(errors.every((error, at) => Math.abs(error - (scores[index]?.map[at] ?? 9)) < 1e-5));
  }
  opened.dispose();
  own.dispose();
});

test.serial('wrong options, layers, sizes and files are refused', async (t) => {
  const refused = (options: object, message: RegExp) =>
    t.throwsAsync(fitAnomalyModel(network(), normals, options), { code: 'CONVOY_OPTION', message });
  await refused({ layers: ['none'] }, /layers.*"none"/);
  await refused({ method: 'svdd' }, /padim, patchcore, reconstruction for method but received "svdd"/);
  await refused({ method: 'reconstruction' }, /needs a run that rebuilds images/);
  await refused({ quantile: 2 }, /at most 1 for quantile/);
  await t.throwsAsync(fitAnomalyModel(network(), normals.slice(0, 2)), { message: /at least 3 normal images/ });
  const file = join(folder, 'other.safetensors');
  await writeFile(file, Buffer.concat([Buffer.from([2, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('{}')]));
  await t.throwsAsync(openAnomalyModel(file), { code: 'CONVOY_WEIGHTS', message: /convoy anomaly fit/ });
});

test.serial(
  'each class of a dataset can be the normal one; grey images of another size are brought to the network',
  async (t) => {
    const grey = (index: number, upright: boolean) => {
      const { pixels } = stripes(index, false, upright);
      return Array.from({ length: 28 * 28 }, (_, i) => pixels[(Math.floor(i / 28) * side + (i % 28)) * 3] as number);
    };
    const split = (name: 'train' | 'test', first: number, count: number) =>
      datasetFromArrays({
        images: Array.from({ length: count }, (_, i) => grey(first + i, i % 2 === 0)).flat(),
        labels: Array.from({ length: count }, (_, i) => (i % 2 === 0 ? 'columns' : 'rows')),
        shape: { height: 28, width: 28, channels: 1 },
        split: name,
      });
    const pair = { train: split('train', 0, 24), test: split('test', 500, 12) };
    const all = [];
    for await (const scores of oneClassScores(network(), pair, { channels: 8, limit: 10 })) all.push(scores);
    t.deepEqual(
      all.map((each) => [each.class, each.normal, each.anomalous]),
      [
        ['columns', 6, 6],
        ['rows', 6, 6],
      ],
    );
    t.true(meanAuroc(all) > 0.9, `${meanAuroc(all)}`);
    const fitted = await fitAnomalyModel(network(), pair.test, { channels: 4, samples: [0, 2, 4, 6] });
    await t.throwsAsync(evaluateClasses(fitted, pair.test, 'dots'), { message: /a class of data: columns, rows/ });
  },
);

test.serial("a folder in MVTec's layout: command line, masks, heat maps", async (t) => {
  const root = join(folder, 'mvtec');
  const png = async (name: string, pixels: Uint8Array, channels: 1 | 3) => {
    await mkdir(join(root, name, '..'), { recursive: true });
    const raw = { width: side, height: side, channels };
    await sharp(pixels, { raw })
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .png()
      .toFile(join(root, name));
  };
  for (const [index, pixels] of normals.slice(0, 20).entries()) await png(`train/good/${index}.png`, pixels, 3);
  for (const [index, { pixels, mask }] of tested.slice(0, 12).entries()) {
    await png(index % 2 === 0 ? `test/good/${index}.png` : `test/turned/${index}.png`, pixels, 3);
    if (index % 2 === 1) await png(`ground_truth/turned/${index}_mask.png`, mask, 1);
  }
  const data = await openAnomalyData({ name: root, seed: 0 });
  if (data.kind !== 'defects') throw new TypeError(data.kind);
  t.deepEqual([data.train.length, data.test.length], [20, 12]);
  const fitted = await fitAnomalyModel(
    network(),
    data.train.map(({ file }) => file),
    { channels: 24 },
  );
  const file = join(folder, 'stripes.safetensors');
  await fitted.save(file);

  const evaluated = await inProcess(['anomaly', 'evaluate', file, root, '--json']);
  const [scores = {}] = records(evaluated.stdout, 'anomaly-evaluation');
  t.deepEqual([scores['normal'], scores['anomalous']], [6, 6], evaluated.stderr);
  for (const name of ['imageAuroc', 'pixelAuroc']) t.true(Number(scores[name]) > 0.9, `${name} ${scores[name]}`);
  t.true(Number(scores['regionOverlap']) > 0.5, `${scores['regionOverlap']}`);

  const out = join(folder, 'maps');
  const place = join(root, 'test/turned/1.png');
  const told = await inProcess(['anomaly', 'score', file, place, join(root, 'none.png'), '--out', out, '--json']);
  t.is(told.code, 1);
  t.is(records(told.stdout, 'error').length, 2, told.stdout); // the file, and the sum
  const [answer = {}] = records(told.stdout, 'anomaly');
  const [direct] = await fitted.score([place]);
  t.true(Math.abs(Number(answer['score']) / (direct?.score ?? 0) - 1) < 1e-4);
  t.is(answer['anomalous'], Number(answer['score']) > fitted.threshold);
  const { width, height, channels } = await sharp(await readFile(join(out, '1.anomaly.png'))).metadata();
  t.deepEqual([width, height, channels], [side, side, 3]);

  const standard = [];
  for await (const result of scoreFiles(fitted, { files: [join(root, 'train')] })) standard.push(result);
  t.is(standard.length, 20);
});
