import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { type Tensor, tf } from '../../src/base/tf.js';
import type { StepSpec } from '../../src/contracts/index.js';
import { BoxPoints } from '../../src/layers/index.js';
import { createModel, initialWeights, modelParameters, setWeights } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { compareEngines, worst } from '../support/engines.js';

const image = { height: 32, width: 64, channels: 3 };
const small = { filters: 4, pyramid: 6, depth: 1, blocks: 1 };

test.before(async () => {
  await loadNative();
});

function drawn(options: Readonly<Record<string, unknown>>) {
  const model = createModel('detector', { ...image, classes: 3, ...small, ...options });
  setWeights(model, initialWeights(model, 1));
  return model;
}

test('a point gives the box whose sides are softplus of its numbers away, in strides', (t) => {
  // Images of 8x16 at strides 4 and 8: points (2,2), (6,2), (10,2), (14,2), the same at y 6, then (4,4), (12,4).
  const layer = new BoxPoints({ image: [8, 16], strides: [4, 8] });
  const given = [0, 1, -1, 2, 5, -5];
  const rows = Array.from({ length: 10 }, () => given);
  const found = tf.tidy(() => (layer.apply(tf.tensor3d([rows])) as Tensor).arraySync() as number[][][]);
  const far = given.slice(0, 4).map((number) => Math.log1p(Math.exp(number)));
  const expected = (x: number, y: number, stride: number): number[] => [
    ...[x - stride * (far[0] ?? 0), y - stride * (far[1] ?? 0)],
    ...[x + stride * (far[2] ?? 0), y + stride * (far[3] ?? 0), 5, -5],
  ];
  const places: [number, number, number, number][] = [
    [0, 2, 2, 4],
    [3, 14, 2, 4],
    [5, 6, 6, 4],
    [8, 4, 4, 8],
    [9, 12, 4, 8],
  ];
  for (const [row, ...place] of places) {
    for (const [at, value] of expected(...place).entries()) {
      t.true(Math.abs((found[0]?.[row]?.[at] ?? Number.NaN) - value) < 1e-5, `${row} ${at}`);
    }
  }
});

test('a detector has a point for each cell of its levels, and its classes begin rare', (t) => {
  const model = drawn({});
  // 4x8 cells at stride 8, 2x4 at 16, 1x2 at 32.
  t.deepEqual(model.outputs[0]?.shape, [null, 42, 7]);
  const values = new Map(
    modelParameters(model).map(({ spec, variable }) => [spec.name, (variable.read() as Tensor).dataSync()]),
  );
  for (const level of ['p3', 'p4', 'p5']) {
    for (const bias of values.get(`${level}_classes/bias`) ?? [0])
      t.true(Math.abs(1 / (1 + Math.exp(-bias)) - 0.01) < 1e-6);
  }
  // Convolutions of the encoder: 3x3 at strides 2 to 32 and two in each block from stride 4 on, normalized.
  const widths = [4, 8, 16, 32, 64];
  const down = widths.map((width, level) => 9 * (widths[level - 1] ?? 3) * width + 2 * width);
  const blocks = widths.slice(1).map((width) => 2 * (9 * width * width + 2 * width));
  // Laterals of 1x1 and convolutions of 3x3 with bias; two towers of one convolution, then 4 sides and 3 classes.
  const pyramid = [16, 32, 64].map((width) => width * 6 + 6 + 9 * 36 + 6);
  const heads = 3 * (2 * (9 * 36 + 2 * 6) + 9 * 6 * (4 + 3) + 4 + 3);
  const expected = [...down, ...blocks, ...pyramid].reduce((a, b) => a + b, 0) + heads;
  const trained = modelParameters(model).filter(({ spec }) => spec.trainable);
  t.is(
    trained.reduce((sum, { spec }) => sum + spec.shape.reduce((a, b) => a * b, 1), 0),
    expected,
  );
  model.dispose();
});

test('a shared tower has its convolutions once', (t) => {
  const count = (shared: boolean): number => {
    const model = drawn({ shared });
    const sizes = modelParameters(model).map(({ spec }) =>
      spec.trainable ? spec.shape.reduce((a, b) => a * b, 1) : 0,
    );
    model.dispose();
    return sizes.reduce((a, b) => a + b, 0);
  };
  // Two levels less of two towers' convolutions of 6x6 channels, of 4 sides and of 3 classes.
  t.is(count(false) - count(true), 2 * (2 * 9 * 36 + 9 * 6 * 7 + 7));
});

test('other networks are encoders, and levels beyond theirs are made', (t) => {
  const model = createModel('detector', {
    ...image,
    classes: 3,
    pyramid: 6,
    depth: 1,
    encoder: 'cifar-resnet20',
    finestStride: 4,
    levels: 2,
  });
  t.deepEqual(model.outputs[0]?.shape, [null, 8 * 16 + 4 * 8, 7]);
  model.dispose();
  const error = t.throws(() => createModel('detector', { ...image, classes: 3, encoder: 'cifar-resnet20' }), {
    instanceOf: ConvoyError,
  });
  t.regex(error?.message ?? '', /at most 4.*finestStride/);
  t.throws(() => createModel('detector', { ...image, width: 48, classes: 3 }), { message: /multiples of .* 32/ });
});

const engines: readonly (readonly [string, Record<string, unknown>, Partial<StepSpec>])[] = [
  ['quality, GIoU', {}, { loss: { name: 'detection', reach: 2 } }],
  [
    'task-aligned, shared towers',
    { levels: 2, shared: true },
    { loss: { name: 'detection', assignment: 'aligned', candidates: 4 } },
  ],
];

for (const [what, options, spec] of engines) {
  test.serial(`both engines agree on a detector: ${what}`, async (t) => {
    const model = drawn(options);
    const differences = await compareEngines(
      model,
      { targets: 'boxes', classes: 3, boxes: 4, image, ...spec },
      { batch: 4 },
    );
    const { name, difference } = worst(differences);
    t.true(difference < 1e-4, `${name}: ${difference}`);
    for (const stats of ['stats', 'evaluated stats']) {
      t.true((differences.get(stats) ?? 1) < 1e-5, `${stats}: ${differences.get(stats)}`);
    }
  });
}
