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
  t.deepEqual(await size('image.png'), [8, 8]);
  // Four filters of 3x3 and four maps of 6x6, as 2x2 tiles of 48 pixels, 2 apart.
  t.deepEqual(await size('filters.png'), [98, 98]);
  t.deepEqual(await size('activations-conv.png'), [98, 98]);
});

test.serial('activations are of the layer and image asked for', async (t) => {
  const image = join(folder, 'white.png');
  await sharp({ create: { width: 20, height: 20, channels: 3, background: '#fff' } })
    .png()
    .toFile(image);
  await analyseRun({ runtime, folder, only: ['activations'], image, layers: ['relu'] });
  const { data } = await sharp(join(folder, 'image.png')).raw().toBuffer({ resolveWithObject: true });
  t.true(data.every((value) => value === 255));
  // An even image has even maps, which are drawn black.
  const maps = await sharp(join(folder, 'activations-relu.png')).removeAlpha().raw().toBuffer();
  t.true(maps.every((value) => value === 0));
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
