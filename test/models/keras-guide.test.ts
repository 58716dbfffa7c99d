import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { RandomStream } from '../../src/base/random.js';
import { type Tensor, tf } from '../../src/base/tf.js';
import type { Dataset } from '../../src/contracts/index.js';
import { modelParameters } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import type { Datasets } from '../../src/runtime/contract.js';
import { evaluateRun } from '../../src/tools/index.js';
import { loadModelFile } from '../../src/weights/index.js';
import { fixtures } from '../support/keras.js';
import { runWeights } from '../support/run-weights.js';
import { trainToEnd } from '../support/train-to-end.js';

/** What `test/fixtures/keras/guide.py` saved with Keras. */
const file = new URL('keras/guide.keras', fixtures).pathname;

test.before(async () => {
  await loadNative();
});

/** Images of 16x16x3 in three classes by their brightest channel. */
function images(): Datasets {
  const stream = new RandomStream(0, 'test');
  const split = (name: 'train' | 'test'): Dataset => {
    const count = 24;
    const pixels = new Uint8Array(new SharedArrayBuffer(count * 768));
    const labels = new Int32Array(new SharedArrayBuffer(count * 4));
    for (let at = 0; at < pixels.length; at++) {
      const image = Math.floor(at / 768);
      labels[image] = image % 3;
      pixels[at] = stream.below(100) + (at % 3 === image % 3 ? 150 : 0);
    }
    return {
      name: 'channels',
      split: name,
      count,
      classes: ['red', 'green', 'blue'],
      shape: { height: 16, width: 16, channels: 3 },
      store: { kind: 'pixels', pixels },
      targets: { kind: 'classes', labels },
      fingerprint: `channels-${name}`,
    };
  };
  return { train: split('train'), test: split('test') };
}

test.serial("the guide's model gives Keras's outputs", async (t) => {
  const { model } = await loadModelFile(file);
  const { pixels, outputs } = JSON.parse(readFileSync(new URL('keras/guide.json', fixtures), 'utf8')) as Record<
    'pixels' | 'outputs',
    number[]
  >;
  const own = tf.tidy(() => [...(model.predict(tf.tensor4d(pixels, [2, 16, 16, 3])) as Tensor).dataSync()]);
  for (const [at, value] of outputs.entries()) t.true(Math.abs(value - (own[at] as number)) < 1e-5, `${own[at]}`);
  model.dispose();
});

test.serial(
  "the guide's model trains frozen, resumes, evaluates and is a base; its norms keep their statistics",
  async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'convoy-guide-'));
    t.teardown(() => rmSync(folder, { recursive: true }));
    const datasets = images();
    const config = {
      dataset: 'channels',
      batchSize: 12,
      workers: 1,
      optimizer: { name: 'sgd', learningRate: 0.05 },
    } as const;
    const { model, weights } = await loadModelFile(file);
    const before = new Map(modelParameters(model).map(({ spec }, index) => [spec.name, weights[index]?.slice()]));
    model.dispose();
    const frozen = join(folder, 'frozen');
    await trainToEnd({ config: { ...config, epochs: 1, model: { name: file } }, datasets, out: frozen });
    const after = await runWeights(frozen);
    for (const [name, values] of after) {
      if (name.startsWith('base/')) t.deepEqual(values, before.get(name), name);
      else t.notDeepEqual(values, before.get(name), name);
    }

    const tuned = join(folder, 'tuned');
    const base = { ...config, epochs: 1, base: { name: frozen }, freeze: 'none' };
    await trainToEnd({ config: base, datasets, out: tuned });
    const fine = await runWeights(tuned);
    for (const [name, values] of fine) {
      if (/moving_/.test(name)) t.deepEqual(values, before.get(name), name);
      else if (name.startsWith('base/')) t.notDeepEqual(values, before.get(name), name);
    }
    const { loss } = await evaluateRun({ run: tuned, datasets });
    t.true(Number.isFinite(loss));
    await trainToEnd({ resume: frozen, config: { epochs: 2 }, datasets });
    const further = await runWeights(frozen);
    t.notDeepEqual(further.get('classes/kernel'), after.get('classes/kernel'));
    for (const [name, values] of further) if (name.startsWith('base/')) t.deepEqual(values, before.get(name), name);
  },
);
