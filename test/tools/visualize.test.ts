import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import sharp from 'sharp';
import { scaleColor } from '../../src/base/color-scale.js';
import { ConvoyError } from '../../src/base/errors.js';
import { tf } from '../../src/base/tf.js';
import { resolveConfig } from '../../src/config/config.js';
import { visualizations } from '../../src/contracts/index.js';
import { loadNative } from '../../src/native/index.js';
import type { Runtime } from '../../src/runtime/contract.js';
import { openRuntime } from '../../src/runtime/runtime.js';
import { visualizeRun } from '../../src/tools/visualize.js';
import { tinyDatasets, tinyModel } from '../support/tiny.js';

let folder: string;
let runtime: Runtime;
test.before(async () => {
  await loadNative();
  folder = await mkdtemp(join(tmpdir(), 'convoy-visualize-'));
  const config = resolveConfig({ where: '', input: { dataset: 'tiny', workers: 1, batchSize: 16 } });
  runtime = await openRuntime({ config, datasets: tinyDatasets(20, 30), model: tinyModel() });
});
test.after.always(async () => {
  await runtime.close();
  await rm(folder, { recursive: true, force: true });
});

test.serial('every kind is drawn large enough to read, without a tensor left', async (t) => {
  const before = tf.memory().numTensors;
  for (const kind of visualizations) {
    const file = join(folder, `${kind}.png`);
    t.is(await visualizeRun({ runtime, kind, file }), file);
    const { width = 0, height = 0 } = await sharp(file).metadata();
    t.true(width >= 250 && height >= 150, `${kind}: ${width} x ${height}`);
  }
  t.is(tf.memory().numTensors, before);
});

test.serial('a class map has a row for three pictures of an image and a bar with its colours', async (t) => {
  const image = join(folder, 'grey.png');
  await sharp({ create: { width: 8, height: 8, channels: 3, background: '#888' } })
    .png()
    .toFile(image);
  const file = join(folder, 'one.png');
  await visualizeRun({ runtime, kind: 'saliency', file, images: [image] });
  const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
  // Margin, three pictures of 192 pixels with gaps of 8, margin.
  t.is(info.width, 2 * 16 - 8 + 3 * 200);
  // Margin, title, one caption, a gap; the bar is 200 pixels wide around the middle.
  const [x, y] = [Math.floor(info.width / 2), 16 + 24 + 19 + 8 + 6];
  const at = (left: number) => [...data.subarray((y * info.width + left) * 3, (y * info.width + left) * 3 + 3)];
  t.deepEqual(at(x - 99), [...scaleColor(0)]);
  t.deepEqual(at(x + 99), [...scaleColor(1)]);
});

test('the ends of the scale are those of viridis, and white is the middle of the one with two sides', (t) => {
  // matplotlib.colormaps['viridis'](0) and (255).
  t.deepEqual([...scaleColor(0)], [68, 1, 84]);
  t.deepEqual([...scaleColor(1)], [253, 231, 37]);
  t.deepEqual([...scaleColor(0.5, true)], [247, 247, 247]);
});

test.serial('options that a kind does not take and other endings are refused', async (t) => {
  for (const [options, message] of [
    [{ kind: 'saliency', layer: 'conv' }, /--kind saliency excludes --layer/],
    [{ kind: 'pca', images: ['a.png'] }, /--kind pca excludes --image/],
    [{ kind: 'grad-cam', file: 'a.svg' }, /a path that ends in .png for --out/],
    [{ kind: 'grad-cam', layer: 'head' }, /a layer that gives maps/],
  ] as const) {
    await t.throwsAsync(visualizeRun({ runtime, ...options }), { instanceOf: ConvoyError, message });
  }
});
