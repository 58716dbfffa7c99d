import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import sharp from 'sharp';
import { RandomStream } from '../../src/base/random.js';
import type { ConfigInput } from '../../src/config/index.js';
import { type Dataset, objectsOf } from '../../src/contracts/index.js';
import { datasetFromArrays } from '../../src/data/index.js';
import { boxReport, evaluateTask, PredictionPictures, writeEvaluation } from '../../src/tools/index.js';
import { openRun, Trainer } from '../../src/training/index.js';

const side = 32;

type Sides = [number, number, number, number];

/** Grey and white rectangles on a dark ground, one or two an image (three in the test images). */
function rectangles(split: Dataset['split'], count: number, most: number): Dataset {
  const stream = new RandomStream(split === 'train' ? 1 : 2, 'test');
  const images = new Uint8Array(count * side * side);
  const boxes = Array.from({ length: count }, (_, image) =>
    Array.from({ length: 1 + stream.below(most) }, (_, object) => {
      const [width, height] = [8 + stream.below(7), 8 + stream.below(7)];
      // Side by side, so that none hides another.
      const left = Math.min(side - width, object * 11 + stream.below(4));
      const top = stream.below(side - height);
      const label = stream.below(2);
      for (let y = top; y < top + height; y++) {
        const row = (image * side + y) * side;
        images.fill(label === 0 ? 120 : 255, row + left, row + left + width);
      }
      const box: Sides = [left, top, left + width, top + height];
      return { box, class: label === 0 ? 'grey' : 'white' };
    }),
  );
  const shape = { height: side, width: side, channels: 1 };
  return datasetFromArrays({ images, shape, boxes, classes: ['grey', 'white'], split });
}

// Splits whose fullest images differ: slots have one size.
const datasets = { train: rectangles('train', 96, 2), test: rectangles('test', 24, 3) };

const config: ConfigInput = {
  model: { name: 'detector', filters: 8, pyramid: 16, depth: 1, blocks: 0, finestStride: 4, levels: 2 },
  loss: { name: 'detection', reach: 4 },
  optimizer: { name: 'adam' },
  learningRate: 0.01,
  batchSize: 12,
  shards: 3,
  epochs: 6,
  seed: 1,
  augment: [{ name: 'flip' }, { name: 'crop', padding: 3 }],
  augmentWorkers: 1,
};

function iou(a: readonly number[], b: readonly number[]): number {
  const [left, top, right, bottom] = [0, 1, 2, 3].map((at) =>
    at < 2 ? Math.max(a[at] ?? 0, b[at] ?? 0) : Math.min(a[at] ?? 0, b[at] ?? 0),
  ) as Sides;
  const area = ([x0 = 0, y0 = 0, x1 = 0, y1 = 0]: readonly number[]): number => (x1 - x0) * (y1 - y0);
  const shared = Math.max(0, right - left) * Math.max(0, bottom - top);
  return shared / (area(a) + area(b) - shared);
}

/** The images of a dataset as nested numbers, [height][width]. */
function imagesOf({ store, count }: Dataset): number[][][][] {
  if (store.kind !== 'pixels') throw new TypeError('pixels');
  return Array.from({ length: count }, (_, image) =>
    Array.from({ length: side }, (_, y) =>
      Array.from({ length: side }, (_, x) => [store.pixels[(image * side + y) * side + x] as number]),
    ),
  );
}

const networks: readonly (readonly [string, ConfigInput])[] = [
  ['a detector', {}],
  [
    'SSDlite',
    {
      model: { name: 'ssdlite', encoder: 'shapes-cnn', finestStride: 4, widthFactor: 0.25 },
      loss: { name: 'multibox' },
    },
  ],
  [
    'a region proposal network',
    {
      model: { name: 'rpn', depth: 18, widthFactor: 0.125, pyramid: 8 },
      loss: { name: 'regionProposal', samples: 32 },
    },
  ],
];

for (const [what, more] of networks) {
  // The others take half a minute of CPU: with CONVOY_DETECTORS=1.
  const run = what !== 'a detector' && process.env['CONVOY_DETECTORS'] === undefined ? test.skip : test.serial;
  run(`${what}: the same bits with 1, 2 and 3 workers, the last after a stop`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'convoy-boxes-'));
    try {
      const short = { ...config, ...more, epochs: 2, augment: [] };
      const few = { train: rectangles('train', 24, 2), test: rectangles('test', 6, 3) };
      const hashes = new Set<string>();
      for (const workers of [1, 2]) {
        const run = await new Trainer({ config: { ...short, workers }, datasets: few }).train();
        hashes.add(run.summary.weightsSha256);
      }
      const out = join(folder, 'run');
      const third = new Trainer({ config: { ...short, workers: 3 }, datasets: few, out });
      for await (const epoch of third.run()) if (epoch.epoch === 1) break;
      const resumed = await new Trainer({ resume: out, datasets: few }).train();
      hashes.add(resumed.summary.weightsSha256);
      t.is(hashes.size, 1);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
}

test.serial('a detector finds objects; evaluations, result files and pictures say what it found', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-boxes-'));
  try {
    const out = join(folder, 'run');
    await new Trainer({ config, datasets, out }).train();
    const run = await openRun(out);
    const { targets } = datasets.test;
    if (targets.kind !== 'boxes') throw new TypeError('boxes');
    const said = await run.detect(imagesOf(datasets.test));

    // By hand: a right detection is of the object's class and overlaps it by a half; the best ones first.
    let [objects, found] = [0, 0];
    for (const [image, { objects: own }] of said.entries()) {
      t.deepEqual(
        own.map(({ score }) => score),
        own.map(({ score }) => score).sort((a, b) => b - a),
      );
      for (const { box, label } of objectsOf(targets, image)) {
        objects += 1;
        if (own.some((detected) => detected.label === label && iou(detected.box, box) >= 0.5)) found += 1;
      }
    }
    t.true(found / objects > 0.8, `${found} of ${objects} found`);

    const evaluation = await evaluateTask({ run: out, datasets });
    if (evaluation.kind !== 'boxes') throw new TypeError('boxes');
    const { metrics, detections } = evaluation;
    t.is(metrics.ap, run.history.at(-1)?.test?.map ?? 0);
    t.true(metrics.ap50 > 0.5, `AP50 ${metrics.ap50}`);
    t.deepEqual(
      metrics.objects.reduce((a, b) => a + b, 0),
      objects,
    );
    t.regex(boxReport(evaluation), /AP50[\s\S]*grey[\s\S]*all/);
    await writeEvaluation(evaluation, folder);
    const written = JSON.parse(await readFile(join(folder, 'detections.json'), 'utf8')) as typeof detections;
    t.deepEqual(written, JSON.parse(JSON.stringify(detections)));
    // The same objects as `detect` says, in COCO's form; detections of the workers differ in the last bits.
    const ofFirst = written.filter(({ image_id: image }) => image === 1);
    for (const [row, { box, label, score }] of (said[0]?.objects ?? []).entries()) {
      const [left, top, right, bottom] = box;
      const own = ofFirst[row];
      t.is(own?.category_id, label + 1);
      const [x = 0, y = 0, width = 0, height = 0] = own?.bbox ?? [];
      const gaps = [x - left, y - top, width - (right - left), height - (bottom - top), (own?.score ?? 0) - score];
      t.true(Math.max(...gaps.map(Math.abs)) < 1e-3, gaps.join(' '));
    }

    const [detection] = said;
    if (detection === undefined) throw new TypeError('a detection');
    const [picture = ''] = await new PredictionPictures(folder).write({ file: 'a/one.png', top: [], detection });
    t.is(picture, join(folder, 'one.boxes.png'));
    const { width, height } = await sharp(picture).metadata();
    t.deepEqual([width, height], [512, 512]);
    await t.throwsAsync(run.predict(imagesOf(datasets.test)), { message: /detect/ });
    await t.throwsAsync(run.detect(imagesOf(datasets.test), { threshold: 2 }), { message: /threshold/ });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('what does not go with boxes is refused with what to do', async (t) => {
  const refused = (more: ConfigInput, message: RegExp) =>
    t.throwsAsync(new Trainer({ config: { ...config, ...more }, datasets }).train(), { message });
  await refused({ mix: { mixup: 0.2 } }, /mixup needs a dataset of classes; this one has boxes/);
  await refused({ testTimeFlip: true }, /testTimeFlip needs a dataset of classes; this one has boxes/);
  await refused({ loss: { name: 'crossEntropy' } }, /boxes needs the loss detection, multibox for ssdlite/);
  await refused({ model: { name: 'cifar-resnet20' } }, /a detector.*\[batch, points, 6\]/);
  await refused({ metrics: ['f1'] }, /metric f1 needs .*map, map-50, map-75/);
});
