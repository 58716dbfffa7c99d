import test from 'ava';
import { stats } from '../../src/contracts/index.js';

import { slotNames } from '../../src/memory/index.js';
import { loadNative } from '../../src/native/index.js';
import {
  engineRun,
  readGradients,
  readMoving,
  readStats,
  relativeDifference,
  setBatch,
  setWeights,
  shardTask,
  stepSpec,
} from '../support/engine-run.js';
import { compileHere, GraphRun } from '../support/graph-run.js';
import {
  fashionImages,
  kerasBatchNormResnet,
  kerasFashionCnn,
  kerasSmoothResnet,
  type TrajectoryCase,
  trajectoryOf,
} from '../support/keras.js';

const images = fashionImages();

for (const open of [kerasFashionCnn, kerasBatchNormResnet]) {
  test.serial(`${open.name}: the compiled graph gives Keras's loss, gradients and outputs`, async (t) => {
    const native = await loadNative();
    const keras = await open();
    const { begin, count, loss: exactLoss, gradients: exactGradients } = keras.exact;
    const spec = stepSpec(keras.model, { loss: keras.loss });
    const run = engineRun(keras.model, spec, { capacity: count });
    setWeights(run, keras.initial);
    setBatch(
      run,
      0,
      images.pixels.subarray(begin * 784, (begin + count) * 784),
      images.labels.subarray(begin, begin + count),
    );
    const graph = await GraphRun.open(native, run, compileHere(native, keras.model, spec));
    const before = native.tensorCount();
    graph.train(shardTask(count));
    t.is(native.tensorCount(), before, 'a step leaves no tensor behind');
    const line = readStats(run);
    const loss = (line[stats.lossSum] as number) / count;
    t.true(Math.abs(loss - exactLoss) < 1e-6 * exactLoss, `loss ${loss}`);
    t.is(line[stats.weightSum], count);
    t.is(line[stats.count], count);
    const gradients = readGradients(run);
    t.deepEqual([...gradients.keys()].sort(), [...exactGradients.keys()].sort());
    for (const [name, expected] of exactGradients) {
      const difference = relativeDifference(gradients.get(name) as Float32Array, expected);
      // TensorFlow adds up the gradient of a bias one element after the other: that of the depthwise convolution, of 3,136
      // numbers alike, is 1.2e-5 off. All others of its network are below 5e-6.
      t.true(difference < (name === 'dw/bias' ? 2e-5 : 1e-5), `${name}: ${difference}`);
    }
    setBatch(run, 0, images.pixels.subarray(0, 4 * 784), images.labels.subarray(0, 4));
    const outputs = graph.predict(shardTask(4));
    const difference = relativeDifference(outputs, Float32Array.from(keras.expected.inference_output_first_4.flat()));
    t.true(difference < 1e-5, `outputs: ${difference}`);
    t.true(readMoving(run).size === (open === kerasFashionCnn ? 0 : 8));
    graph.graph.dispose();
  });
}

/** Keras's optimizers of the two cases, on plain arrays. */
const optimizers = {
  /** SGD 0.05, momentum 0.9: v = 0.9 v - 0.05 g, w += v. */
  momentum: (weights: Float32Array, gradient: Float32Array, state: Float32Array[]): void => {
    const velocity = (state[0] ??= new Float32Array(weights.length));
    weights.forEach((weight, index) => {
      velocity[index] = 0.9 * (velocity[index] as number) - 0.05 * (gradient[index] as number);
      weights[index] = weight + (velocity[index] as number);
    });
  },
  /** Adam 0.001, betas 0.9 and 0.999, epsilon 1e-7 outside the bias correction. */
  adam: (weights: Float32Array, gradient: Float32Array, state: Float32Array[], step: number): void => {
    const first = (state[0] ??= new Float32Array(weights.length));
    const second = (state[1] ??= new Float32Array(weights.length));
    const rate = (0.001 * Math.sqrt(1 - 0.999 ** step)) / (1 - 0.9 ** step);
    weights.forEach((weight, index) => {
      const g = gradient[index] as number;
      first[index] = 0.9 * (first[index] as number) + 0.1 * g;
      second[index] = 0.999 * (second[index] as number) + 0.001 * g * g;
      weights[index] = weight - (rate * (first[index] as number)) / (Math.sqrt(second[index] as number) + 1e-7);
    });
  },
};

/** Losses may be off by these shares, in the first 4 steps and then; weights and outputs by `end`. */
interface Bounds {
  readonly early: number;
  readonly late: number;
  readonly end: number;
}

// Rounding (1e-7) grows tenfold every few steps, as in any training: by ReLUs that switch, by Adam's division of small gradients
// by themselves. In the smooth network, without either, losses stay within 2e-7 of float64. A wrong rule is off by 1e-2 at the
// first steps already. Keras's own float32 is 3e-6 off its float64 at the first step of the network with normalizations.
const trajectories: readonly (readonly [string, () => Promise<TrajectoryCase>, keyof typeof optimizers, Bounds])[] = [
  ['kerasFashionCnn', () => trajectoryOf(kerasFashionCnn), 'adam', { early: 1e-4, late: 5e-3, end: 5e-2 }],
  ['kerasBatchNormResnet', () => trajectoryOf(kerasBatchNormResnet), 'momentum', { early: 1e-4, late: 1e-3, end: 0 }],
  ['kerasSmoothResnet', kerasSmoothResnet, 'momentum', { early: 1e-6, late: 1e-6, end: 1e-4 }],
];

for (const [title, open, optimizer, bounds] of trajectories) {
  test.serial(`${title}: compiled steps follow Keras's trajectory, moving statistics included`, async (t) => {
    const native = await loadNative();
    const { model, loss: lossSpec, batch, initial, losses, end } = await open();
    const spec = stepSpec(model, { loss: lossSpec });
    const run = engineRun(model, spec, { capacity: batch });
    setWeights(run, initial);
    const graph = await GraphRun.open(native, run, compileHere(native, model, spec));
    const weights = run.arena.float32(run.arena.slot(slotNames.weights));
    const place = new Map(run.layout.parameters.map((parameter) => [parameter.name, parameter]));
    const of = (name: string): Float32Array => {
      const { offset, length } = place.get(name) ?? { offset: 0, length: 0 };
      return weights.subarray(offset, offset + length);
    };
    const states = new Map<string, Float32Array[]>();
    for (const [index, expected] of losses.entries()) {
      const images64 = images.pixels.subarray(index * batch * 784, (index + 1) * batch * 784);
      setBatch(run, 0, images64, images.labels.subarray(index * batch, (index + 1) * batch));
      graph.train(shardTask(batch, { step: index }));
      const loss = (readStats(run)[stats.lossSum] as number) / batch;
      const allowed = index < 4 ? bounds.early : bounds.late;
      t.true(Math.abs(loss - expected) < allowed * expected, `step ${index}: ${loss} for ${expected}`);
      for (const [name, gradient] of readGradients(run)) {
        const state = states.get(name) ?? [];
        states.set(name, state);
        optimizers[optimizer](of(name), gradient, state, index + 1);
      }
      for (const [name, moving] of readMoving(run)) of(name).set(moving);
    }
    if (end !== undefined) {
      for (const [name, expected] of end.weights) {
        const difference = relativeDifference(of(name), expected);
        t.true(difference < bounds.end, `${name}: ${difference}`);
      }
      setBatch(run, 0, images.pixels.subarray(0, 4 * 784), images.labels.subarray(0, 4));
      const difference = relativeDifference(graph.predict(shardTask(4)), Float32Array.from(end.outputs.flat()));
      t.true(difference < bounds.end, `outputs: ${difference}`);
    }
    graph.graph.dispose();
  });
}
