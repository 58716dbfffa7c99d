import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { RandomStream } from '../../src/base/random.js';
import { type Tensor, type Tensor4D, tf } from '../../src/base/tf.js';
import type { Dataset } from '../../src/contracts/index.js';
import { modelParameters, setWeights } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import type { Datasets } from '../../src/runtime/contract.js';
import { evaluateRun } from '../../src/tools/index.js';
import { openRun } from '../../src/training/index.js';
import { loadModelFile } from '../../src/weights/index.js';
import { fixtures } from '../support/keras.js';
import { runWeights } from '../support/run-weights.js';
import { trainToEnd } from '../support/train-to-end.js';

/** What `test/fixtures/keras/guide.py` and `tutorial.py` saved with Keras. */
const models = [
  { name: "the model of keras.io's guide", file: 'guide', classes: ['red', 'green', 'blue'], loss: {} },
  {
    name: "the model of TensorFlow's tutorial",
    file: 'tutorial',
    classes: ['red', 'green'],
    loss: { loss: { name: 'binaryCrossEntropy' } },
  },
] as const;
const fixture = (name: string): string => new URL(`keras/${name}`, fixtures).pathname;

test.before(async () => {
  await loadNative();
});

/** Images of 8x8x3 in classes by their brightest channel. */
function images(classes: readonly string[]): Datasets {
  const stream = new RandomStream(0, 'test');
  const split = (name: 'train' | 'test'): Dataset => {
    const count = 12;
    const pixels = new Uint8Array(new SharedArrayBuffer(count * 192));
    const labels = new Int32Array(new SharedArrayBuffer(count * 4));
    for (let at = 0; at < pixels.length; at++) {
      const image = Math.floor(at / 192);
      labels[image] = image % classes.length;
      pixels[at] = stream.below(100) + (at % 3 === image % classes.length ? 150 : 0);
    }
    return {
      name: 'channels',
      split: name,
      count,
      classes,
      shape: { height: 8, width: 8, channels: 3 },
      store: { kind: 'pixels', pixels },
      targets: { kind: 'classes', labels },
      fingerprint: `channels-${name}`,
    };
  };
  return { train: split('train'), test: split('test') };
}

interface Outputs {
  readonly pixels: readonly number[];
  readonly outputs: readonly number[];
}

/** Two images of the fixture, pixels from 0 to 255. */
function pictures(file: string): { readonly pictures: Tensor4D; readonly outputs: readonly number[] } {
  const { pixels, outputs } = JSON.parse(readFileSync(fixture(`${file}.json`), 'utf8')) as Outputs;
  return { pictures: tf.tensor4d([...pixels], [2, 8, 8, 3]), outputs };
}

/** What the file's model gives for images with other weights, each class's share. */
async function shares(file: string, weights: ReadonlyMap<string, Float32Array>, input: Tensor4D): Promise<number[][]> {
  const { model } = await loadModelFile(fixture(`${file}.keras`));
  setWeights(
    model,
    modelParameters(model).map(({ spec }) => weights.get(spec.name) as Float32Array),
  );
  const rows = tf.tidy(() => (model.predict(input) as Tensor).arraySync()) as number[][];
  model.dispose();
  return rows.map((row) => {
    if (row.length === 1) return [1 - (row[0] as number), row[0] as number];
    const sum = row.reduce((all, logit) => all + Math.exp(logit), 0);
    return row.map((logit) => Math.exp(logit) / sum);
  });
}

for (const { name, file, classes, loss: chosen } of models) {
  test.serial(`${name} gives Keras's outputs`, async (t) => {
    const { model } = await loadModelFile(fixture(`${file}.keras`));
    const { pictures: input, outputs } = pictures(file);
    const own = tf.tidy(() => [...(model.predict(input) as Tensor).dataSync()]);
    t.is(own.length, outputs.length);
    for (const [at, value] of outputs.entries()) t.true(Math.abs(value - (own[at] as number)) < 1e-5, `${own[at]}`);
    model.dispose();
    input.dispose();
  });

  test.serial(
    `${name} trains frozen, predicts, resumes, evaluates and is a base; its norms keep their statistics`,
    async (t) => {
      const folder = mkdtempSync(join(tmpdir(), 'convoy-guide-'));
      t.teardown(() => rmSync(folder, { recursive: true }));
      const datasets = images(classes);
      const config = {
        dataset: 'channels',
        batchSize: 12,
        workers: 1,
        epochs: 1,
        precision: 'float32',
        optimizer: { name: 'sgd', learningRate: 0.05 },
        ...chosen,
      } as const;
      const { model, weights } = await loadModelFile(fixture(`${file}.keras`));
      const before = new Map(modelParameters(model).map(({ spec }, index) => [spec.name, weights[index]?.slice()]));
      model.dispose();
      const frozen = join(folder, 'frozen');
      await trainToEnd({ config: { ...config, model: { name: fixture(`${file}.keras`) } }, datasets, out: frozen });
      const after = await runWeights(frozen);
      for (const [parameter, values] of after) {
        if (parameter.startsWith('base/')) t.deepEqual(values, before.get(parameter), parameter);
        else t.notDeepEqual(values, before.get(parameter), parameter);
      }
      const { pictures: input } = pictures(file);
      const expected = await shares(file, after, input);
      const predicted = await (await openRun(frozen)).predict(input);
      for (const [image, row] of expected.entries()) {
        for (const [label, share] of row.entries()) {
          const found = predicted[image]?.probabilities[label] ?? Number.NaN;
          t.true(Math.abs(found - share) < 1e-5, `${classes[label]}: ${found} and ${share}`);
        }
      }
      input.dispose();

      const tuned = join(folder, 'tuned');
      await trainToEnd({ config: { ...config, base: { name: frozen }, freeze: 'none' }, datasets, out: tuned });
      for (const [parameter, values] of await runWeights(tuned)) {
        if (/moving_/.test(parameter)) t.deepEqual(values, before.get(parameter), parameter);
        else if (parameter.startsWith('base/')) t.notDeepEqual(values, before.get(parameter), parameter);
      }
      const { loss } = await evaluateRun({ run: tuned, datasets });
      t.true(Number.isFinite(loss));
      await trainToEnd({ resume: frozen, config: { epochs: 2 }, datasets });
      const further = await runWeights(frozen);
      t.notDeepEqual(further.get('classes/kernel'), after.get('classes/kernel'));
      for (const [parameter, values] of further) {
        if (parameter.startsWith('base/')) t.deepEqual(values, before.get(parameter), parameter);
      }
    },
  );
}
