import test from 'ava';
import { tf } from '../../src/base/tf.js';
import { createModel, initialWeights, modelParameters, setWeights } from '../../src/models/index.js';

/** Values of the first kernel of an MLP 64 -> 250 built with this initialiser. */
function kernelOf(initializer: string, seed = 1): Float32Array {
  const model = createModel('mlp', { height: 8, width: 8, channels: 1, classes: 2, hidden: [250], initializer });
  const [kernel] = initialWeights(model, seed);
  model.dispose();
  if (kernel === undefined) throw new Error('no kernel');
  return kernel;
}

function moments(values: Float32Array): { mean: number; variance: number; largest: number } {
  let sum = 0;
  let squares = 0;
  let largest = 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
    largest = Math.max(largest, Math.abs(value));
  }
  const mean = sum / values.length;
  return { mean, variance: squares / values.length - mean * mean, largest };
}

const [fanIn, fanOut] = [64, 250];
// Standard deviation of a standard normal cut at two: sqrt(1 - 4 phi(2) / (2 Phi(2) - 1)).
const cut = 0.8796256610342398;
// Variance and largest value each formula gives (Glorot & Bengio 2010, He et al. 2015, LeCun et al. 1998, PyTorch's docs).
const formulas: Record<string, { variance: number; bound: number }> = {
  glorotUniform: { variance: 2 / (fanIn + fanOut), bound: Math.sqrt(6 / (fanIn + fanOut)) },
  glorotNormal: { variance: 2 / (fanIn + fanOut), bound: (2 / cut) * Math.sqrt(2 / (fanIn + fanOut)) },
  heUniform: { variance: 2 / fanIn, bound: Math.sqrt(6 / fanIn) },
  heNormal: { variance: 2 / fanIn, bound: (2 / cut) * Math.sqrt(2 / fanIn) },
  heNormalFanOut: { variance: 2 / fanOut, bound: (2 / cut) * Math.sqrt(2 / fanOut) },
  leCunUniform: { variance: 1 / fanIn, bound: Math.sqrt(3 / fanIn) },
  leCunNormal: { variance: 1 / fanIn, bound: (2 / cut) * Math.sqrt(1 / fanIn) },
  truncatedNormal: { variance: (0.02 * cut) ** 2, bound: 0.04 },
  pytorchUniform: { variance: 1 / (3 * fanIn), bound: 1 / Math.sqrt(fanIn) },
};
for (const [name, { variance, bound }] of Object.entries(formulas)) {
  test(`${name} has the variance and the bound of its formula`, (t) => {
    const found = moments(kernelOf(name));
    // 16,000 values: the variance's standard error is at most sqrt(2 / 16000) = 1.1%, the mean's is sd / 126.
    t.true(Math.abs(found.variance / variance - 1) < 0.05, `variance ${found.variance}, expected ${variance}`);
    t.true(Math.abs(found.mean) < (4 * Math.sqrt(variance)) / 126, `mean ${found.mean}`);
    t.true(found.largest <= bound * (1 + 1e-6), `largest ${found.largest}, bound ${bound}`);
    t.true(found.largest > bound * 0.98, `largest ${found.largest}, bound ${bound}`);
  });
}

test('orthogonal has orthonormal rows', (t) => {
  const kernel = kernelOf('orthogonal');
  for (const [a, b] of [
    [0, 0],
    [63, 63],
    [0, 1],
    [5, 40],
    [62, 63],
  ] as const) {
    let dot = 0;
    for (let i = 0; i < 250; i++) dot += (kernel[a * 250 + i] ?? NaN) * (kernel[b * 250 + i] ?? NaN);
    t.true(Math.abs(dot - (a === b ? 1 : 0)) < 1e-5);
  }
});

test("PyTorch's uniform bounds a bias by the fan-in of the kernel beside it", (t) => {
  const model = createModel('mlp', {
    height: 8,
    width: 8,
    channels: 1,
    classes: 2,
    hidden: [2000],
    initializer: 'pytorchUniform',
  });
  const [, bias, , logitsBias] = initialWeights(model, 3);
  const found = moments(bias ?? new Float32Array());
  t.true(found.largest <= 1 / 8 && found.largest > 0.12);
  t.true(moments(logitsBias ?? new Float32Array()).largest <= 1 / Math.sqrt(2000));
  model.dispose();
});

test('initial weights are a function of the seed and of the parameter alone', (t) => {
  t.deepEqual(kernelOf('heNormal', 5), kernelOf('heNormal', 5));
  t.notDeepEqual(kernelOf('heNormal', 5), kernelOf('heNormal', 6));
  const model = createModel('cifar-resnet20', { height: 8, width: 8, channels: 3, classes: 10 });
  const first = initialWeights(model, 9);
  t.notDeepEqual(first[6]?.subarray(0, 8), first[12]?.subarray(0, 8));
  t.deepEqual(
    first.map((values) => values.length),
    modelParameters(model).map(({ spec }) => spec.shape.reduce((a, b) => a * b, 1)),
  );
  model.dispose();
});

test('batch normalization starts at scale 1, offset 0, mean 0, variance 1', (t) => {
  const model = createModel('cifar-resnet20', { height: 8, width: 8, channels: 3, classes: 10 });
  const values = initialWeights(model, 9);
  const expected: Record<string, number> = { gamma: 1, beta: 0, moving_mean: 0, moving_variance: 1 };
  modelParameters(model).forEach(({ spec }, index) => {
    const start = expected[spec.name.slice(spec.name.lastIndexOf('/') + 1)];
    if (start !== undefined)
      t.true(
        values[index]?.every((value) => value === start),
        spec.name,
      );
  });
  model.dispose();
});

test('setWeights writes copies and leaks no tensor', (t) => {
  const model = createModel('mlp', { height: 2, width: 2, channels: 1, classes: 2, hidden: [3] });
  const before = tf.memory().numTensors;
  const values = initialWeights(model, 1);
  setWeights(model, values);
  t.is(tf.memory().numTensors, before);
  const kept = values.map((array) => array.slice());
  for (const array of values) array.fill(7);
  t.deepEqual(
    modelParameters(model).map(({ variable }) => variable.read().dataSync()),
    kept,
  );
  model.dispose();
});
