import test from 'ava';
import { z } from 'zod';
import { ConvoyError } from '../../src/base/errors.js';
import { type Tensor, tf } from '../../src/base/tf.js';
import type { LossSpec } from '../../src/contracts/index.js';
import { lossName, parseLoss, sampleLosses } from '../../src/losses/index.js';
import { loadNative } from '../../src/native/index.js';
import { readParity } from '../support/parity.js';

const rows = z.array(z.array(z.number()));
const caseSchema = z.object({
  input: rows,
  loss: z.number(),
  gradient: rows,
  labels: z.array(z.int()).optional(),
  targets: rows.optional(),
  weights: z.array(z.number()).optional(),
  spec: z.unknown().optional(),
});
type LossCase = z.infer<typeof caseSchema>;

function read(name: string): [string, LossCase][] {
  return Object.entries(z.record(z.string(), caseSchema).parse(readParity(name)));
}

/** Which of our losses each shared case, named after PyTorch's function, is. */
const sharedSpecs: Readonly<Record<string, (given: LossCase) => LossSpec>> = {
  cross_entropy: () => ({ name: 'crossEntropy' }),
  'cross_entropy_label_smoothing_0.1': () => ({ name: 'crossEntropy', labelSmoothing: 0.1 }),
  cross_entropy_class_weights: ({ weights }) => ({ name: 'crossEntropy', classWeights: weights ?? [] }),
  cross_entropy_soft_targets: () => ({ name: 'crossEntropy' }),
  cross_entropy_large_logits: () => ({ name: 'crossEntropy' }),
  mse: () => ({ name: 'meanSquaredError' }),
  kl_div_batchmean_log_input: () => ({ name: 'klDivergence' }),
  bce: () => ({ name: 'binaryCrossEntropy', fromLogits: false }),
  bce_with_logits: () => ({ name: 'binaryCrossEntropy' }),
};

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

for (const [name, given] of [...read('losses.json'), ...read('losses-more.json')]) {
  test(`${name} has the reference's value and gradient`, (t) => {
    const spec = parseLoss(given.spec ?? sharedSpecs[name]?.(given), given.input[0]?.length);
    const tensors = tf.memory().numTensors;
    const outputs = tf.tensor2d(given.input);
    const targets = given.labels ? tf.tensor1d(given.labels, 'int32') : tf.tensor2d(given.targets ?? []);
    const classes = given.input[0]?.length ?? 0;
    const { value, grad } = tf.valueAndGrad((x: Tensor) => batchLoss(spec, x, targets, classes))(outputs);
    t.true(distance(value.dataSync(), [given.loss]) < 1e-5, `value ${value.dataSync()[0]}, not ${given.loss}`);
    t.true(distance(grad.dataSync(), given.gradient.flat()) < 1e-5, `gradient ${grad.toString()}`);
    tf.dispose([value, grad, outputs, targets]);
    t.is(tf.memory().numTensors, tensors);
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
    [{ name: 'hinge', delta: 1 }, /loss\.delta/],
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
  t.throws(() => parseLoss({ name: 'crossEntropy', classWeights: [1, 2] }, 3), { message: /3 weights/ });
});

test('the name for logs shows the options', (t) => {
  t.is(lossName({ name: 'hinge' }), 'hinge');
  t.is(lossName({ name: 'crossEntropy', labelSmoothing: 0.1 }), 'crossEntropy(labelSmoothing=0.1)');
});
