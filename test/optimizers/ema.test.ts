import { readFile } from 'node:fs/promises';
import test from 'ava';
import { openOptimizer } from './arena.js';

/** Made by `test/fixtures/ema.py`. */
const cases = JSON.parse(await readFile('test/fixtures/ema.json', 'utf8')) as readonly {
  readonly decay: number;
  readonly weights: readonly (readonly number[])[];
  readonly averages: readonly (readonly number[])[];
}[];

for (const { decay, weights: path, averages } of cases) {
  test(`the averages of TensorFlow's ramp up to a decay of ${decay}, over ${path.length} steps`, (t) => {
    const { kernel, weights, gradients, states, read, write } = openOptimizer(
      { name: 'sgd', ema: { decay } },
      { 'a/kernel': [0, 0, 0] },
    );
    for (const [index, wanted] of path.entries()) {
      // Plain descent at rate 1 with this gradient arrives at the wanted weights.
      const before = read(weights);
      write(
        gradients[0] ?? new Float32Array(),
        wanted.map((value, place) => (before[place] ?? NaN) - value),
      );
      kernel.run({ step: index + 1, learningRate: 1, coefficients: [1] });
      const found = read(states.get('ema') ?? new Float32Array());
      for (const [place, value] of (averages[index] ?? []).entries()) {
        t.true(Math.abs((found[place] ?? NaN) - value) < 1e-5 * Math.max(1, Math.abs(value)), `step ${index + 1}`);
      }
    }
  });
}

test('without the ramp an average of 60 steps with a decay of 0.9999 is still where it began', (t) => {
  const end = (ramp: boolean): number => {
    const { kernel, gradients, states } = openOptimizer({ name: 'sgd', ema: { decay: 0.9999, ramp } }, { 'a/b': [1] });
    for (let step = 1; step <= 60; step++) {
      gradients[0]?.fill(step === 1 ? 0 : 1, 0, 1);
      kernel.run({ step, learningRate: 1 / 59, coefficients: [1] });
    }
    return states.get('ema')?.[0] ?? NaN;
  };
  // Weights go from 1 to 0 in even steps. Unramped, each of them counts 1e-4: 1 - 1e-4 * sum of 1..59 / 59 = 0.997.
  t.true(Math.abs(end(false) - 0.997) < 1e-4);
  t.true(end(true) < 0.2);
});
