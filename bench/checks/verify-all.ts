/**
 * `verify` of every network at its smallest images, and of every recipe: all must pass on a sound machine.
 * `node dist/bench/checks/verify-all.js [networks|recipes|NAME,...]`; a check that fails is a failure. Recipes whose data is not
 * at hand are told and left out.
 */
import { ConvoyError } from '../../src/base/errors.js';
import { RandomStream } from '../../src/base/random.js';
import { type ConfigInput, readRecipe, recipeNames, resolveConfig } from '../../src/config/index.js';
import { boxLength, boxRow, type Dataset } from '../../src/contracts/index.js';
import { type Network, networks } from '../../src/models/index.js';
import { type VerifyOptions, verify } from '../../src/tools/index.js';

const classes = 10;
const batch = 8;
const only = process.argv[2]?.split(',');
const chosen = (kind: string, name: string): boolean =>
  only === undefined || only.includes(kind) || only.includes(name);

/** Noise: what a network is shown does not matter. */
function noise(split: 'train' | 'test', side: number, gives: Network['gives']): Dataset {
  const count = 3 * batch;
  const random = new RandomStream(0, 'test');
  const pixels = new Uint8Array(new SharedArrayBuffer(count * side * side * 3));
  for (let place = 0; place < pixels.length; place++) pixels[place] = random.below(256);
  return {
    name: 'noise',
    split,
    count,
    classes: Array.from({ length: classes }, (_, index) => `class ${index}`),
    shape: { height: side, width: side, channels: 3 },
    store: { kind: 'pixels', pixels },
    targets: noiseTargets(gives, count, side, random),
    fingerprint: `noise-${split}-${side}`,
  };
}

function noiseTargets(gives: Network['gives'], count: number, side: number, random: RandomStream): Dataset['targets'] {
  switch (gives) {
    case 'classes': {
      const labels = new Int32Array(new SharedArrayBuffer(count * 4));
      for (let image = 0; image < count; image++) labels[image] = image % classes;
      return { kind: 'classes', labels };
    }
    case 'masks': {
      const masks = new Uint8Array(new SharedArrayBuffer(count * side * side));
      for (let pixel = 0; pixel < masks.length; pixel++) masks[pixel] = random.below(classes);
      return { kind: 'masks', masks };
    }
    case 'boxes': {
      const boxes = new Float32Array(new SharedArrayBuffer(count * boxLength * 4));
      const box = [side / 4, side / 4, (3 * side) / 4, side / 2];
      for (let image = 0; image < count; image++)
        boxes.set([...box, image % classes, boxRow.object], image * boxLength);
      return { kind: 'boxes', boxes, capacity: 1 };
    }
    case 'image':
      return { kind: 'pixels' };
  }
}

/** The loss of a network's task, where it is neither that of classes nor the network's own. */
const losses: Readonly<Partial<Record<Network['gives'], ConfigInput['loss']>>> = {
  image: { name: 'meanSquaredError' },
};

async function hold(what: string, options: VerifyOptions): Promise<void> {
  try {
    const checks = await verify(options);
    const failed = checks.filter(({ passed }) => !passed);
    console.log(`${failed.length === 0 ? 'ok    ' : 'FAILED'}  ${what.padEnd(28)}  ${checks.at(-1)?.detail}`);
    for (const { name, detail } of failed) console.log(`        ${name}: ${detail}`);
    if (failed.length > 0) process.exitCode = 1;
  } catch (error) {
    if (!(error instanceof ConvoyError)) throw error;
    console.log(`${error.code}  ${what}: ${error.message}`);
    if (error.code !== 'CONVOY_DATA') process.exitCode = 1;
  }
}

for (const { name, smallestInput, gives } of networks) {
  if (name === 'custom' || !chosen('networks', name)) continue;
  // Where the last maps are single pixels, a normalization has a number a sample and nothing to resolve.
  const side = Math.max(smallestInput, 32);
  const loss = losses[gives];
  const input = {
    dataset: 'noise',
    model: { name },
    ...(loss && { loss }),
    batchSize: batch,
    shards: 2,
    workers: 2,
    epochs: 1,
  };
  const config = resolveConfig({ where: name, input: { ...input, learningRate: 0.01, precision: 'float32' } });
  await hold(name, {
    config,
    steps: 2,
    datasets: { train: noise('train', side, gives), test: noise('test', side, gives) },
  });
}
for (const name of await recipeNames()) {
  if (!chosen('recipes', name)) continue;
  const input = { ...(await readRecipe(name)), workers: 2 };
  await hold(`recipe ${name}`, { config: resolveConfig({ where: name, input }), steps: 2 });
}
