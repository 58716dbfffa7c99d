import { readFile } from 'node:fs/promises';
import test from 'ava';
import type { OptimizerSpec } from '../../src/optimizers/index.js';
import { openOptimizer } from './arena.js';

type Nested = readonly (number | Nested)[];

const parity = JSON.parse(await readFile('test/fixtures/parity/optimizers.json', 'utf8')) as {
  readonly parameters: readonly Nested[];
  readonly gradients: readonly (readonly Nested[])[];
};
/** Made by `test/fixtures/lion.py`. */
const cases = JSON.parse(await readFile('test/fixtures/lion.json', 'utf8')) as readonly {
  readonly title: string;
  readonly spec: Omit<OptimizerSpec, 'name'>;
  readonly last: Nested;
}[];

const flat = (nested: Nested): number[] => nested.flatMap((item) => (typeof item === 'number' ? [item] : flat(item)));

for (const { title, spec, last } of cases) {
  test(`the steps of ${title}`, (t) => {
    const parameters = parity.parameters.map((values, index) => [`layer${index}/kernel`, flat(values)] as const);
    const { kernel, optimizer, weights, gradients, read, write } = openOptimizer(
      { name: 'lion', ...spec } as OptimizerSpec,
      Object.fromEntries(parameters),
    );
    for (const [index, gradient] of parity.gradients.entries()) {
      write(gradients[0] ?? new Float32Array(), gradient.flatMap(flat));
      kernel.run({ step: index + 1, learningRate: optimizer.learningRate, coefficients: [1] });
    }
    const found = read(weights);
    t.is(found.length, flat(last).length);
    flat(last).forEach((value, index) => {
      const error = Math.abs((found[index] ?? NaN) - value) / Math.abs(value);
      t.true(error <= 1e-5, `[${index}]: ${found[index]}, not ${value}`);
    });
  });
}

test('the smallest gradient makes a whole step, none makes none', (t) => {
  const { kernel, weights, gradients, read, write } = openOptimizer({ name: 'lion' }, { 'a/kernel': [0, 0, 0] });
  write(gradients[0] ?? new Float32Array(), [2 ** -126, 0, -3e38]);
  kernel.run({ step: 1, learningRate: 1, coefficients: [1] });
  t.deepEqual(read(weights), [-1, 0, 1]);
});
