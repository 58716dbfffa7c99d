import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { z } from 'zod';
import { encodeTensorBoard } from '../../proto/tensorboard.js';
import { crc32c, tfRecord } from '../../src/base/tf-record.js';
import type { TrainedRun } from '../../src/training/index.js';
import { Trainer } from '../../src/training/index.js';
import { histogramOf, histogramRecorder, readHistograms, tensorBoard } from '../../src/watch/index.js';
import { histogram, scalar } from '../../src/watch/summaries.js';
import { tinyDatasets, tinyModel } from '../support/tiny.js';

const fixtures = new URL('../../../test/fixtures/', import.meta.url);
/** By TensorFlow's writer and TensorBoard's messages: `test/fixtures/tensorboard-events.py`. */
const vectors = z
  .object({ records: z.record(z.string(), z.string()), scalar: z.string(), histogram: z.string() })
  .parse(JSON.parse(readFileSync(new URL('tensorboard-events.json', fixtures), 'utf8')));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test('CRC-32C is that of RFC 3720', (t) => {
  t.is(crc32c(new Uint8Array(32)), 0x8a9136aa);
  t.is(crc32c(new Uint8Array(32).fill(255)), 0x62a8ab43);
  t.is(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
});

test("records are those of TensorFlow's writer", (t) => {
  for (const [text, record] of Object.entries(vectors.records)) t.is(hex(tfRecord(Buffer.from(text))), record);
});

test("events are those of TensorBoard's messages, byte for byte", (t) => {
  const event = (value: object) =>
    hex(encodeTensorBoard('Event', { wallTime: 1.5, step: 3, summary: { value: [value] } }));
  t.is(event(scalar('epoch_loss', 0.25)), vectors.scalar);
  const parts = { low: -1, high: 1, counts: [2, 5], mean: 0, deviation: 1 };
  t.is(event(histogram('kernel', parts)), vectors.histogram);
});

test('a histogram counts every value once, and its ends are the extremes', (t) => {
  const { low, high, counts, mean, deviation } = histogramOf(Float32Array.of(0, 1, 1, 2, 4));
  t.deepEqual([low, high, mean], [0, 4, 1.6]);
  t.is(
    counts.reduce((sum, count) => sum + count, 0),
    5,
  );
  // 40 parts of 0.1: 1 begins part 10, 2 part 20, 4 belongs to the last.
  t.deepEqual([counts[0], counts[10], counts[20], counts[39]], [1, 2, 1, 1]);
  t.true(Math.abs(deviation - Math.sqrt((1.6 ** 2 + 2 * 0.6 ** 2 + 0.4 ** 2 + 2.4 ** 2) / 5)) < 1e-6);
  t.is(histogramOf(Float32Array.of(3, 3)).counts[0], 2);
});

let folder: string;
let run: TrainedRun;
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'convoy-tensorboard-'));
  run = await new Trainer({
    config: { dataset: 'tiny', epochs: 2, batchSize: 16, workers: 1, seed: 4 },
    datasets: tinyDatasets(48, 12),
    model: tinyModel(),
    out: join(folder, 'run'),
    watchers: [tensorBoard(join(folder, 'events')), histogramRecorder(join(folder, 'run'))],
  }).train();
});
test.after.always(() => rm(folder, { recursive: true, force: true }));

test('a run writes a file for each split, and a line of histograms for each epoch', async (t) => {
  for (const split of ['train', 'validation']) {
    const names = await readdir(join(folder, 'events', split));
    t.is(names.length, 1);
    t.regex(names[0] ?? '', /^events\.out\.tfevents\.\d+\..+\.v2$/);
    const bytes = await readFile(join(folder, 'events', split, names[0] ?? ''));
    t.true(bytes.includes('brain.Event:2'));
    t.true(bytes.includes('epoch_loss'));
  }
  const lines = await readHistograms(join(folder, 'run'));
  t.deepEqual(
    lines.map(({ epoch }) => epoch),
    [1, 2],
  );
  const [kernel] = run.model.getLayer('conv').getWeights();
  const values = kernel?.dataSync() ?? [];
  const last = lines[1]?.weights['conv/kernel'];
  t.is(last?.low, Math.min(...values));
  t.is(last?.high, Math.max(...values));
  t.truthy(lines[1]?.gradients?.['conv/kernel']);
});

const python = process.env['CONVOY_TENSORBOARD_PYTHON'];
(python === undefined ? test.skip : test)(
  "TensorBoard's own readers find scalars, histograms, images, text, hparams, graph and PR curves",
  async (t) => {
    const script = fileURLToPath(new URL('read-events.py', fixtures));
    const { stdout } = await promisify(execFile)(python ?? '', [script, join(folder, 'events')], { maxBuffer: 1e8 });
    const tensor = z.looseObject({
      plugin: z.string(),
      steps: z.array(z.number()),
      values: z.array(z.number()).optional(),
    });
    const split = z.object({ tensors: z.record(z.string(), tensor), graph: z.array(z.string()) });
    const { train, validation } = z.object({ train: split, validation: split }).parse(JSON.parse(stdout));
    const last = run.history.at(-1);
    const near = (found: readonly number[] | undefined, expected: number | undefined) =>
      t.true(Math.abs((found?.[0] ?? Number.NaN) - (expected ?? 0)) < 1e-6, `${found} ${expected}`);
    near(train.tensors['epoch_loss']?.values, last?.train.loss);
    near(validation.tensors['epoch_loss']?.values, last?.test?.loss);
    near(validation.tensors['epoch_accuracy']?.values, last?.test?.accuracy);
    t.deepEqual(train.tensors['epoch_loss']?.steps, [0, 1]);
    t.deepEqual(train.graph, ['conv_input', 'conv', 'bn', 'relu', 'drop', 'flat', 'head']);
    for (const [tag, plugin] of [
      ['conv/kernel/histogram', 'histograms'],
      ['conv/kernel/gradient/histogram', 'histograms'],
      ['train_images', 'images'],
      ['configuration', 'text'],
    ] as const) {
      t.is(train.tensors[tag]?.plugin, plugin, tag);
    }
    const start = train.tensors['_hparams_/session_start_info'] as { hparams?: Record<string, unknown> } | undefined;
    t.is(start?.hparams?.['batchSize'], 16);
    t.like(train.tensors['_hparams_/session_end_info'], { plugin: 'hparams', status: 1 });
    const curve = validation.tensors['pr_curve/top'];
    t.is(curve?.plugin, 'pr_curves');
    const thresholds = 201;
    // At threshold 0 everything is predicted: all 4 of the class, and the 8 others.
    t.deepEqual([curve?.values?.[0], curve?.values?.[thresholds]], [4, 8]);
    // True positives and false negatives are all of the class, at every threshold.
    for (let i = 0; i < thresholds; i++)
      t.is((curve?.values?.[i] ?? 0) + (curve?.values?.[3 * thresholds + i] ?? 0), 4);
  },
);
