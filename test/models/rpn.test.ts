import { readFileSync } from 'node:fs';
import test from 'ava';
import { type Tensor, tf } from '../../src/base/tf.js';
import { createModel, initialWeights, modelParameters, setWeights } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { mapWeights, readSafetensors } from '../../src/weights/index.js';
import { compareEngines, worst } from '../support/engines.js';
import { noise, setMadeUpWeights } from '../support/made-up-weights.js';

/** Written by `test/fixtures/detection/rpn.py` with torchvision. */
const expected = JSON.parse(readFileSync('test/fixtures/detection/rpn.json', 'utf8')) as {
  readonly anchors: number;
  readonly every: number;
  readonly parameters: number;
  readonly names: Readonly<Record<string, number[]>>;
};
const image = { height: 64, width: 96, channels: 3 };

test.before(async () => {
  await loadNative();
});

test("it has the trainable parameters of torchvision's Faster R-CNN before its second stage", (t) => {
  const model = createModel('rpn', { ...image, classes: 1 });
  const sizes = modelParameters(model).map(({ spec }) => (spec.trainable ? spec.shape.reduce((a, b) => a * b, 1) : 0));
  t.is(
    sizes.reduce((a, b) => a + b, 0),
    expected.parameters,
  );
  model.dispose();
});

test.serial(
  "it gives torchvision's proposals and objectness with the same weights, and its state_dict fits",
  async (t) => {
    const { tensors } = await readSafetensors('test/fixtures/detection/rpn.safetensors');
    const rows = Float32Array.from(tensors.find(({ name }) => name === 'rows')?.data ?? []);
    const model = createModel('rpn', { ...image, classes: 1, depth: 18 });
    setMadeUpWeights(model, 0.5);
    t.deepEqual(model.outputs[0]?.shape, [null, expected.anchors, 5]);
    const count = image.height * image.width * 3;
    const pixels = noise('pixels/input', count, 1, 0.5);
    const found = tf.tidy(() => (model.predict(tf.tensor(pixels, [1, 64, 96, 3])) as Tensor).dataSync());
    const apart = { boxes: 0, objectness: 0 };
    const largest = { boxes: 0, objectness: 0 };
    for (const [at, value] of rows.entries()) {
      const kind = at % 5 < 4 ? 'boxes' : 'objectness';
      const other = found[Math.floor(at / 5) * expected.every * 5 + (at % 5)] ?? Number.NaN;
      apart[kind] = Math.max(apart[kind], Math.abs(value - other));
      largest[kind] = Math.max(largest[kind], Math.abs(value));
    }
    for (const kind of ['boxes', 'objectness'] as const)
      t.true(apart[kind] < 1e-4 * largest[kind], `${kind}: ${apart[kind]} of ${largest[kind]}`);

    const entries = Object.entries(expected.names).filter(([name]) => !name.endsWith('num_batches_tracked'));
    const file = entries.map(([name, shape], place) => ({
      name,
      shape,
      data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(place),
    }));
    const weights = mapWeights(model, { file: 'rpn.pth', format: 'safetensors', tensors: file });
    const parameters = modelParameters(model);
    t.is(parameters.length, entries.length);
    for (const [index, { spec }] of parameters.entries()) {
      const origin = entries[weights[index]?.[0] ?? -1]?.[0] ?? '';
      t.is(origin.slice(0, origin.lastIndexOf('.')), spec.layer);
    }
    model.dispose();
  },
);

test.serial('both engines draw the same anchors and agree on the network', async (t) => {
  const model = createModel('rpn', { ...image, classes: 2, depth: 18, widthFactor: 0.125, pyramid: 8 });
  setWeights(model, initialWeights(model, 1));
  const loss = { name: 'regionProposal', foreground: 0.7, background: 0.3, samples: 32, positives: 0.5 } as const;
  const differences = await compareEngines(
    model,
    { targets: 'boxes', classes: 2, boxes: 4, image, loss },
    { batch: 4 },
  );
  const { name, difference } = worst(differences);
  t.true(difference < 1e-4, `${name}: ${difference}`);
  for (const stats of ['stats', 'evaluated stats']) {
    t.true((differences.get(stats) ?? 1) < 1e-5, `${stats}: ${differences.get(stats)}`);
  }
});
