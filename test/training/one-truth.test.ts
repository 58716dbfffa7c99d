/**
 * One truth from a folder of photographs to the scores of its run: evaluation and prediction see what training saw, and
 * data that have changed since are refused or told.
 */
import { copyFile, cp, mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import sharp from 'sharp';
import { RandomStream } from '../../src/base/random.js';
import { loadNative } from '../../src/native/index.js';
import { evaluateRun } from '../../src/tools/index.js';
import { openRun, Trainer } from '../../src/training/index.js';
import { temporaryFolder } from '../fixtures/data/files.js';

const { folder, remove } = await temporaryFolder();
process.env['CONVOY_CACHE'] = path.join(folder, 'cache');
await loadNative();

/** A photograph of one colour and noise, all of it below full transparency where asked. */
async function photograph(file: string, colour: readonly [number, number, number], seed: number, transparent: boolean) {
  const stream = new RandomStream(seed, 'test');
  const channels = transparent ? 4 : 3;
  const [height, width] = [120, 150];
  const raw = Buffer.alloc(height * width * channels);
  for (let at = 0; at < raw.length; at += channels) {
    for (const [channel, level] of colour.entries()) raw[at + channel] = level + stream.below(40) - 20;
  }
  await mkdir(path.dirname(file), { recursive: true });
  await sharp(raw, { raw: { width, height, channels } }).toFile(file);
}

const data = path.join(folder, 'data');
const files: { readonly file: string; readonly name: string }[] = [];
for (const [name, colour] of [
  ['blue', [60, 60, 150]],
  ['red', [120, 60, 60]],
] as const) {
  for (let image = 0; image < 8; image++) {
    for (const split of ['train', 'test']) {
      // Kinds by turns: transparent PNG, JPEG, opaque PNG, lossy WebP.
      const kind = image % 4;
      const file = path.join(data, split, name, `${image}.${['png', 'jpg', 'png', 'webp'][kind]}`);
      await photograph(file, colour, image + (split === 'test' ? 100 : 0), kind === 0);
      if (split === 'train') files.push({ file, name });
    }
  }
}

const run = path.join(folder, 'run');
const model = { name: path.join(folder, 'network.json') };
const layers = [
  { type: 'averagePooling2d', poolSize: 8, strides: 8 },
  { type: 'flatten' },
  { type: 'dense', units: 'classes' },
];
await writeFile(model.name, JSON.stringify({ layers }));

test.after.always(remove);

const notes: string[] = [];
const evaluate = (split: 'train' | 'test') =>
  evaluateRun({ run, split, overrides: { workers: 1 }, onNote: (note) => void notes.push(note) });

test.serial('evaluation and prediction give one loss', async (t) => {
  const config = { dataset: data, epochs: 1, batchSize: 8, learningRate: 0.01, workers: 1, model };
  await new Trainer({ config, out: run }).train();
  const { loss, metrics } = await evaluate('train');
  t.notRegex(notes.join(), /the images of/);
  const opened = await openRun(run);
  const predictions = await opened.predict(files.map(({ file }) => file));
  let sum = 0;
  let right = 0;
  for (const [index, { probabilities, class: found }] of predictions.entries()) {
    const { name = '' } = files[index] ?? {};
    sum -= Math.log(probabilities[opened.classes.indexOf(name)] ?? 0);
    right += found === name ? 1 : 0;
  }
  t.true(Math.abs(sum / files.length - loss) < 1e-4, `${sum / files.length} and ${loss}`);
  t.is(right / files.length, metrics.accuracy);
});

test.serial('evaluation refuses data of other classes, and tells of other images', async (t) => {
  await copyFile(path.join(data, 'test', 'red', '2.png'), path.join(data, 'test', 'red', 'more.png'));
  await evaluate('test');
  t.regex(notes.join(), /the images of .* are others than when the run was trained/);
  const other = (found: string) => ({
    code: 'CONVOY_DATA',
    message: new RegExp(`expected the classes that the run was trained on, blue, red, but found ${found}; `),
  });
  for (const split of ['train', 'test'])
    await cp(path.join(data, split, 'red'), path.join(data, split, 'ants'), { recursive: true });
  await t.throwsAsync(evaluate('test'), other('ants, blue, red'));
  for (const split of ['train', 'test'])
    await rename(path.join(data, split, 'ants'), path.join(folder, `ants-${split}`));
  for (const split of ['train', 'test']) await rename(path.join(data, split, 'red'), path.join(data, split, 'rot'));
  await t.throwsAsync(evaluate('test'), other('blue, rot'));
  const [answer] = await (await openRun(run)).predict(files[0]?.file ?? '');
  t.is(answer?.class, 'blue');
});
