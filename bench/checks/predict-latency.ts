/**
 * `node dist/bench/checks/predict-latency.js [rounds]`: seconds of `convoy predict RUN IMAGE` from the start of its process, and
 * milliseconds of a second image on an open run, for the recipes' networks with new weights (medians, default 5 rounds).
 * Failure: 3 seconds or 50 milliseconds or more. Other work on the machine is part of what it measures: it prints the load.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os, { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { readRecipe, resolveConfig } from '../../src/config/index.js';
import { createModel, initialWeights } from '../../src/models/index.js';
import { loadNative, processorModel } from '../../src/native/index.js';
import { openRun, TrainedRun } from '../../src/training/index.js';
import { median } from '../harness/statistics.js';

const mostSeconds = 3;
const mostMilliseconds = 50;
const recipes = [
  'mnist-cnn',
  'fashion-mnist-cnn',
  'cifar10-cnn',
  'cifar10-resnet20',
  'cifar10-fast',
  'vit-tiny-cifar10',
] as const;
const entry = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** A run folder of a recipe that has not trained. */
async function writeRun(recipe: string, folder: string): Promise<void> {
  const config = resolveConfig({ where: 'recipe', input: await readRecipe(recipe) });
  const image = config.dataset.endsWith('mnist')
    ? { height: 28, width: 28, channels: 1 }
    : { height: 32, width: 32, channels: 3 };
  const classes = Array.from({ length: 10 }, (_, label) => `class ${label}`);
  const { name, ...options } = config.model;
  const model = createModel(name, { ...image, classes: classes.length, ...options });
  const perChannel = (value: number): number[] => new Array<number>(image.channels).fill(value);
  const run = new TrainedRun({
    config,
    record: {
      format: 1,
      dataset: { name: config.dataset, train: '', test: '', madeInCode: false },
      classes,
      image,
      preprocess: { scale: perChannel(1 / 255), offset: perChannel(0) },
      targets: 'classes',
      loss: { ...config.loss },
      testTimeFlip: config.testTimeFlip === true,
      versions: {},
    },
    architecture: JSON.parse(JSON.stringify(model.toJSON(undefined, false))) as unknown,
    weights: initialWeights(model, 0),
    history: [],
    trustCode: false,
  });
  model.dispose();
  await run.save(folder);
}

async function check(rounds: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-predict-'));
  try {
    await loadNative();
    const images = ['first.png', 'second.png'].map((name) => join(folder, name));
    const noise = { type: 'gaussian', mean: 128, sigma: 40 } as const;
    for (const image of images)
      await sharp({ create: { width: 300, height: 200, channels: 3, background: '#888', noise } }).toFile(image);
    const [first = '', second = ''] = images;
    console.log(`Node ${process.versions.node}, ${processorModel()}, ${os.availableParallelism()} cores`);
    for (const recipe of recipes) {
      const run = join(folder, recipe);
      await writeRun(recipe, run);
      const starts = Array.from({ length: rounds }, () => {
        const began = performance.now();
        const { status, stderr } = spawnSync(process.execPath, [entry, 'predict', run, first], { encoding: 'utf8' });
        if (status !== 0) throw new Error(`convoy predict ended with ${status}: ${stderr}`);
        return (performance.now() - began) / 1000;
      });
      const open = await openRun(run);
      await open.predict(first);
      const seconds: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const began = performance.now();
        await open.predict(second);
        seconds.push(performance.now() - began);
      }
      const [start, again] = [median(starts), seconds[0] ?? Number.NaN];
      const right = start < mostSeconds && again < mostMilliseconds;
      if (!right) process.exitCode = 1;
      console.log(
        `${recipe.padEnd(18)} ${start.toFixed(2)} s from start, second image ${again.toFixed(1)} ms, later ${median(seconds).toFixed(1)} ms; ` +
          `load ${os.loadavg()[0]?.toFixed(1)}${right ? '' : '  TOO SLOW'}`,
      );
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const given = process.argv[2] ?? '5';
if (Number.isInteger(Number(given)) && Number(given) > 0) {
  await check(Number(given));
} else {
  console.error(`Expected a number of rounds but received "${given}"`);
  process.exitCode = 2;
}
