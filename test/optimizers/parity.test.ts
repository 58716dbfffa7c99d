import { readFile } from 'node:fs/promises';
import test, { type ExecutionContext } from 'ava';
import { baseWeightDecay, type OptimizerSpec, optimizerLearningRate } from '../../src/optimizers/index.js';
import { openOptimizer } from './arena.js';

type Nested = readonly (number | Nested)[];

/** Steps of PyTorch's and Keras's own optimizers on two parameters, and what came out. */
interface ParityFile {
  readonly parameters: readonly Nested[];
  /** By step and parameter. */
  readonly gradients: readonly (readonly Nested[])[];
  readonly pytorch: Readonly<Record<string, ParityCase>>;
  readonly keras: Readonly<Record<string, ParityCase>>;
}
interface ParityCase {
  readonly optimizer: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly after_step_1: Nested;
  readonly after_last_step: Nested;
}

/** More of them on the same parameters and gradients, with convoy's options. */
interface MoreFile {
  readonly defaults: Readonly<Record<'pytorch' | 'keras', Readonly<Record<string, Defaults>>>>;
  readonly cases: readonly {
    readonly title: string;
    readonly spec: OptimizerSpec;
    readonly first: readonly number[];
    readonly last: readonly number[];
    readonly ema?: readonly number[];
    /** Of the last step. */
    readonly gradientNorm?: number;
  }[];
}

interface Defaults {
  readonly learningRate: number;
  readonly weightDecay: number;
}

/** Names of PyTorch's and Keras's options in convoy. */
const names: Readonly<Record<string, string>> = {
  lr: 'learningRate',
  learning_rate: 'learningRate',
  weight_decay: 'weightDecay',
  lr_decay: 'learningRateDecay',
  initial_accumulator_value: 'initialAccumulator',
};

const parity = JSON.parse(await readFile('test/fixtures/parity/optimizers.json', 'utf8')) as ParityFile;
const more = JSON.parse(await readFile('test/fixtures/optimizers.json', 'utf8')) as MoreFile;

const flat = (nested: Nested): number[] => nested.flatMap((item) => (typeof item === 'number' ? [item] : flat(item)));

/** Runs all steps; gives the parameters after the first and last, the last gradient norm and the averaged weights. */
function train(spec: OptimizerSpec) {
  const parameters = Object.fromEntries(
    parity.parameters.map((values, index) => [`layer${index}/kernel`, flat(values)]),
  );
  const { kernel, optimizer, weights, gradients, states, read, write } = openOptimizer(spec, parameters);
  const steps = parity.gradients.map((gradient, index) => {
    write(gradients[0] ?? new Float32Array(), gradient.flatMap(flat));
    const result = kernel.run({ step: index + 1, learningRate: optimizer.learningRate, coefficients: [1] });
    return { values: read(weights), result };
  });
  const ema = states.get('ema');
  return {
    first: steps[0]?.values,
    last: steps.at(-1)?.values,
    gradientNorm: steps.at(-1)?.result.gradientNorm,
    ema: ema && read(ema),
  };
}

function near(
  t: ExecutionContext,
  found: readonly number[] | undefined,
  expected: readonly number[],
  title: string,
): void {
  t.is(found?.length, expected.length);
  expected.forEach((value, index) => {
    const error = Math.abs((found?.[index] ?? NaN) - value) / Math.abs(value);
    t.true(error <= 1e-5, `${title}[${index}]: relative error ${error}`);
  });
}

for (const style of ['pytorch', 'keras'] as const) {
  test(`the defaults of ${style}`, (t) => {
    for (const [name, expected] of Object.entries(more.defaults[style])) {
      const spec = { name, style } as OptimizerSpec;
      t.deepEqual({ learningRate: optimizerLearningRate(spec), weightDecay: baseWeightDecay(spec) }, expected, name);
    }
  });

  for (const [title, { optimizer, options, after_step_1, after_last_step }] of Object.entries(parity[style])) {
    test(`the steps of ${style}: ${title}`, (t) => {
      const renamed = Object.entries(options).map(([name, value]) => [names[name] ?? name, value]);
      const spec = { name: optimizer.toLowerCase(), style, ...Object.fromEntries(renamed) } as OptimizerSpec;
      const { first, last } = train(spec);
      near(t, first, flat(after_step_1), 'first');
      near(t, last, flat(after_last_step), 'last');
    });
  }
}

for (const { title, spec, first, last, ema, gradientNorm } of more.cases) {
  test(`the steps of ${title}`, (t) => {
    const mine = train(spec);
    near(t, mine.first, first, 'first');
    near(t, mine.last, last, 'last');
    if (ema) near(t, mine.ema, ema, 'ema');
    if (gradientNorm !== undefined) near(t, [mine.gradientNorm ?? NaN], [gradientNorm], 'gradient norm');
  });
}
