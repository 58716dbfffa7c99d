import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import test from 'ava';
import sharp from 'sharp';
import { ConvoyError } from '../../src/base/errors.js';
import { tf } from '../../src/base/tf.js';
import { resolveConfig } from '../../src/config/config.js';
import { loadNative } from '../../src/native/index.js';
import type { Runtime } from '../../src/runtime/contract.js';
import { openRuntime } from '../../src/runtime/runtime.js';
import { analyseRun } from '../../src/tools/analyse.js';
import { excitements, mostExciting } from '../../src/tools/neuron.js';
import { tinyDatasets, tinyModel } from '../support/tiny.js';

let folder: string;
let runtime: Runtime;
test.before(async () => {
  await loadNative();
  folder = await mkdtemp(join(tmpdir(), 'convoy-'));
  const config = resolveConfig({ where: '', input: { dataset: 'tiny', workers: 1, batchSize: 16 } });
  runtime = await openRuntime({ config, datasets: tinyDatasets(20, 30), model: tinyModel() });
});
test.after.always(async () => {
  await runtime.close();
  await rm(folder, { recursive: true, force: true });
});

test.serial('draws filters, activations and both projections', async (t) => {
  const files = await analyseRun({ runtime, folder });
  t.deepEqual(
    files.map((file) => basename(file)),
    ['filters.png', 'image.png', 'activations-conv.png', 'pca.svg', 'pca.png', 'tsne.svg', 'tsne.png'],
  );
  const size = async (name: string) => {
    const { width, height } = await sharp(join(folder, name)).metadata();
    return [width, height];
  };
  // Margin, title, caption; two rows of pictures, each with its label and a gap; margin.
  const four = (side: number) => 16 + 24 + 19 + 8 + 2 * (side + 16 + 8) + 16 - 8;
  t.is((await size('filters.png'))[1], four(63), 'filters of 3x3, enlarged 21 times');
  t.is((await size('activations-conv.png'))[1], four(102), 'maps of 6x6, enlarged 17 times');
});

test.serial('activations are of the layer and image asked for', async (t) => {
  const image = join(folder, 'white.png');
  await sharp({ create: { width: 20, height: 20, channels: 3, background: '#fff' } })
    .png()
    .toFile(image);
  await analyseRun({ runtime, folder, only: ['activations'], image, layers: ['relu'] });
  t.is(await shadeIn('image.png'), 255);
  // An even image has even maps, which are drawn black.
  t.is(await shadeIn('activations-relu.png'), 0);
});

/** The shade in the upper picture in the middle. */
async function shadeIn(name: string): Promise<number | undefined> {
  const { data, info } = await sharp(join(folder, name)).raw().toBuffer({ resolveWithObject: true });
  const y = 16 + 24 + 19 + 8 + 20;
  return data[(y * info.width + Math.floor(info.width / 2)) * info.channels];
}

test.serial('filters are those of the layer asked for, and a layer without any is refused', async (t) => {
  const files = await analyseRun({ runtime, folder, only: ['filters'], layers: ['conv'] });
  t.deepEqual(
    files.map((file) => basename(file)),
    ['filters-conv.png'],
  );
  await t.throwsAsync(analyseRun({ runtime, folder, only: ['filters'], layers: ['head'] }), {
    instanceOf: ConvoyError,
    message: /Expected conv for --layer but received "head"/,
  });
});

test.serial("a channel's excitement is the largest value of its map", async (t) => {
  const { samples, pixels, activations, maps } = await excitements(runtime, { layer: 'conv', channel: 2 }, 10);
  t.is(samples.length, 10);
  t.true(maps);
  const kernel = runtime.model.getLayer('conv').getWeights()[0]?.dataSync() ?? new Float32Array();
  const { scale, offset } = runtime.spec.preprocess;
  for (const [index, found] of activations.entries()) {
    const at = (y: number, x: number): number =>
      (pixels[index * 64 + y * 8 + x] ?? 0) * (scale[0] ?? 1) + (offset[0] ?? 0);
    let largest = Number.NEGATIVE_INFINITY;
    for (let y = 0; y < 6; y++) {
      for (let x = 0; x < 6; x++) {
        let sum = 0;
        for (let k = 0; k < 9; k++) sum += at(y + Math.floor(k / 3), x + (k % 3)) * (kernel[4 * k + 2] ?? 0);
        largest = Math.max(largest, sum);
      }
    }
    t.true(Math.abs(found - largest) < 1e-4, `${found} ${largest}`);
  }
});

test('the most exciting images come first, and those that a ReLU cuts off not at all', (t) => {
  t.deepEqual(mostExciting(Float32Array.of(0, 2, 0, 3, 1)), [3, 1, 4]);
  t.deepEqual(mostExciting(Float32Array.of(0, 0)), [0, 1], 'where none excites, some are shown all the same');
});

test.serial('images that excite a channel are drawn alone; of a dense layer too', async (t) => {
  const neurons = [
    { layer: 'conv', channel: 2 },
    { layer: 'head', channel: 0 },
  ];
  const files = await analyseRun({ runtime, folder, neurons, limit: 10 });
  t.deepEqual(
    files.map((file) => basename(file)),
    ['neuron-conv-2.png', 'neuron-head-0.png'],
  );
  for (const [layer, channel, message] of [
    ['no', 0, /one of .*conv.* for --neuron/],
    ['conv', 4, /a channel from 0 to 3 of conv for --neuron/],
  ] as const) {
    const neuron = { layer, channel };
    await t.throwsAsync(analyseRun({ runtime, folder, neurons: [neuron] }), { instanceOf: ConvoyError, message });
  }
});

test.serial('tensors do not leak', async (t) => {
  await analyseRun({ runtime, folder, only: ['activations', 'pca'] });
  const before = tf.memory().numTensors;
  await analyseRun({ runtime, folder, only: ['activations', 'pca'], limit: 10 });
  t.is(tf.memory().numTensors, before);
});

test.serial('a layer that is not there or gives no maps is refused', async (t) => {
  for (const [layer, message] of [
    ['no', /one of .*conv/],
    ['flat', /a layer that gives maps/],
  ] as const) {
    await t.throwsAsync(analyseRun({ runtime, folder, only: ['activations'], layers: [layer] }), {
      instanceOf: ConvoyError,
      message,
    });
  }
});
