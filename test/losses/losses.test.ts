import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { RandomStream } from '../../src/base/random.js';
import { type Tensor, tf } from '../../src/base/tf.js';
import type { LossSpec } from '../../src/contracts/index.js';
import { parseLoss, sampleLosses } from '../../src/losses/index.js';
import { losses, lossName } from '../../src/losses/spec/index.js';
import { loadNative } from '../../src/native/index.js';
import { lossCases } from '../support/loss-cases.js';

function batchLoss(spec: LossSpec, outputs: Tensor, targets: Tensor, classes: number): Tensor {
  const { losses, weights } = sampleLosses(spec, outputs, targets, classes);
  return losses.mul(weights).sum().div(weights.sum());
}

/** Largest |a - b| / max(1, |b|). */
function distance(actual: ArrayLike<number>, expected: readonly number[]): number {
  return expected.reduce((worst, value, i) => {
    const gap = Math.abs((actual[i] ?? Number.NaN) - value) / Math.max(1, Math.abs(value));
    return Number.isNaN(gap) ? Number.POSITIVE_INFINITY : Math.max(worst, gap);
  }, 0);
}

test.before(async () => {
  await loadNative();
});

for (const [name, given] of lossCases) {
  test(`${name} has the reference's value and gradient`, (t) => {
    const tensors = tf.memory().numTensors;
    const outputs = tf.tensor2d(given.input);
    const targets = given.labels ? tf.tensor1d(given.labels, 'int32') : tf.tensor2d(given.targets ?? []);
    const classes = given.input[0]?.length ?? 0;
    const { value, grad } = tf.valueAndGrad((x: Tensor) => batchLoss(given.parsed, x, targets, classes))(outputs);
    t.true(distance(value.dataSync(), [given.loss]) < 1e-5, `value ${value.dataSync()[0]}, not ${given.loss}`);
    t.true(distance(grad.dataSync(), given.gradient.flat()) < 1e-5, `gradient ${grad.toString()}`);
    tf.dispose([value, grad, outputs, targets]);
    t.is(tf.memory().numTensors, tensors);
  });
}

/** Rows of numbers around 0, or of probabilities. */
function drawn(rows: number, loss: Readonly<Record<string, unknown>>): number[][] {
  const stream = new RandomStream(3, 'test');
  return Array.from({ length: rows }, () => {
    const row = Array.from({ length: 4 }, () => stream.uniform() * 3 - 1.5);
    const sum = row.reduce((total, z) => total + Math.exp(z), 0);
    return loss['fromLogits'] === false ? row.map((z) => Math.exp(z) / sum) : row;
  });
}

// Those of detectors: detection.test.ts.
for (const example of losses.filter(({ boxes }) => !boxes).flatMap(({ examples }) => examples)) {
  test(`the gradient is that of finite differences: ${lossName(example as LossSpec)}`, (t) => {
    const spec = parseLoss(example, 4);
    const given = drawn(3, example);
    const targets = [tf.tensor1d([2, 0, 3], 'int32'), tf.tensor2d(drawn(3, { fromLogits: false }))];
    for (const wanted of targets) {
      const value = (rows: number[][]): number =>
        tf.tidy(() => batchLoss(spec, tf.tensor2d(rows), wanted, 4).dataSync()[0] as number);
      const slopes = tf
        .grad((x: Tensor) => batchLoss(spec, x, wanted, 4))(tf.tensor2d(given))
        .dataSync();
      const step = 0.004;
      for (const [index, slope] of slopes.entries()) {
        const moved = (by: number): number[][] =>
          given.map((row, i) => row.map((z, k) => (i * 4 + k === index ? z + by : z)));
        const difference = (value(moved(step)) - value(moved(-step))) / (2 * step);
        t.true(Math.abs(slope - difference) < 2e-3 * Math.max(1, Math.abs(slope)), `${index}: ${slope}, ${difference}`);
      }
    }
  });
}

test('class weights give each sample the weight of its class, and two halves of a batch add up to the whole', (t) => {
  const spec: LossSpec = { name: 'crossEntropy', classWeights: [1, 3], labelSmoothing: 0.1 };
  const outputs = tf.tensor2d([
    [1, 2],
    [0, 1],
    [3, -1],
    [0, 0],
  ]);
  const labels = tf.tensor1d([0, 1, 1, 0], 'int32');
  const whole = sampleLosses(spec, outputs, labels, 2);
  t.deepEqual([...whole.weights.dataSync()], [1, 3, 3, 1]);
  const first = sampleLosses(spec, outputs.slice([0], [2]), labels.slice([0], [2]), 2);
  const second = sampleLosses(spec, outputs.slice([2], [2]), labels.slice([2], [2]), 2);
  t.deepEqual([...whole.losses.dataSync()], [...first.losses.dataSync(), ...second.losses.dataSync()]);
});

test('a single output takes class indices 0 and 1 as its binary target', (t) => {
  // log(1 + e^-z) for label 1, log(1 + e^z) for label 0.
  const { losses } = sampleLosses(
    { name: 'binaryCrossEntropy' },
    tf.tensor2d([[2], [2]]),
    tf.tensor1d([1, 0], 'int32'),
    2,
  );
  t.true(distance(losses.dataSync(), [Math.log1p(Math.exp(-2)), Math.log1p(Math.exp(2))]) < 1e-6);
});

test('outputs of another width than the targets are refused', (t) => {
  const error = t.throws(
    () => sampleLosses({ name: 'crossEntropy' }, tf.zeros([2, 3]), tf.tensor1d([0, 1], 'int32'), 10),
    { instanceOf: ConvoyError },
  );
  t.is(error?.code, 'CONVOY_MODEL');
  t.regex(error?.message ?? '', /\[samples, 10\].*\[2, 3\]/);
});

test('a loss is given by its name or by its options, and wrong ones are named', (t) => {
  t.deepEqual(parseLoss('hinge'), { name: 'hinge' });
  t.deepEqual(parseLoss({ name: 'huber', delta: 2 }), { name: 'huber', delta: 2 });
  const refused: [unknown, RegExp][] = [
    ['crossentropy', /loss\.name.*"crossentropy"/],
    [7, /an object for loss but received 7/],
    [{ name: 'hinge', delta: 1 }, /delta.*loss hinge/],
    [{ name: 'huber', delta: 0 }, /loss\.delta.*received 0/],
    [{ name: 'crossEntropy', labelSmoothing: 1 }, /loss\.labelSmoothing/],
    [{ name: 'crossEntropy', classWeights: [1, -1] }, /loss\.classWeights\.1.*-1/],
    [{ name: 'crossEntropy', classWeights: [0, 0] }, /loss\.classWeights/],
    [{ name: 'crossEntropy', classWeights: [0, 1], labelSmoothing: 0.1 }, /loss\.classWeights/],
  ];
  for (const [input, message] of refused) {
    const error = t.throws(() => parseLoss(input), { instanceOf: ConvoyError, message });
    t.is(error?.code, 'CONVOY_OPTION');
  }
  t.throws(() => parseLoss({ name: 'crossEntropy', classWeights: [1, 2] }, 3), {
    message: /3 numbers, one for each class/,
  });
});

test('the name for logs shows the options', (t) => {
  t.is(lossName({ name: 'hinge' }), 'hinge');
  t.is(lossName({ name: 'crossEntropy', labelSmoothing: 0.1 }), 'crossEntropy(labelSmoothing=0.1)');
});
