import test from 'ava';
import type { OptimizerSpec } from '../../src/optimizers/index.js';
import { openOptimizer } from './arena.js';

const parameters = { 'a/kernel': [1, 2, 3], 'a/bias': [0.5], 'b/kernel': [1, -1] };

/** A step with gradients of 1 but for one. */
function step(spec: OptimizerSpec, place: number, gradient: number) {
  const { kernel, gradients, write } = openOptimizer(spec, parameters);
  const slopes = [1, 1, 1, 1, 1, 1];
  slopes[place] = gradient;
  write(gradients[0] ?? new Float32Array(), slopes);
  return kernel.run({ step: 1, learningRate: 0.1, coefficients: [1] });
}

test('a step names the first tensor that it leaves with a number that is not finite', (t) => {
  for (const bad of [NaN, Infinity, -Infinity]) {
    t.is(step({ name: 'sgd' }, 1, bad).notFinite, 'a/kernel');
    t.is(step({ name: 'sgd', momentum: 0.9 }, 3, bad).notFinite, 'a/bias');
    t.is(step({ name: 'adam' }, 5, bad).notFinite, 'b/kernel');
    t.is(step({ name: 'lamb' }, 4, bad).notFinite, 'b/kernel (mean of the optimizer)');
  }
});

test('a finite step names none', (t) => {
  for (const name of ['sgd', 'adam', 'lars', 'lion'] as const) t.is(step({ name }, 1, -1e3).notFinite, undefined);
});

test('a norm that is not finite spoils all weights: the first is named', (t) => {
  t.is(step({ name: 'sgd', clipNorm: 1 }, 5, NaN).notFinite, 'a/kernel');
});

test('an average of squares that overflows is named before the weights feel it', (t) => {
  // 1e20 squared is more than a float32 holds; Adam divides by its root, and that parameter would never move again.
  t.is(step({ name: 'adam' }, 3, 1e20).notFinite, 'a/bias (square of the optimizer)');
});

test('a frozen parameter is not looked at, and the first slice that finds something is told', (t) => {
  const spec: OptimizerSpec = { name: 'sgd', groups: [{ match: '^a/', freeze: true }] };
  t.is(step(spec, 0, NaN).notFinite, undefined);
  t.is(step(spec, 4, NaN).notFinite, 'b/kernel');
});
