import { readFile } from 'node:fs/promises';
import test from 'ava';
import { resolveConfig } from '../../src/config/config.js';
import type { OptimizerSpec } from '../../src/optimizers/index.js';
import { createSchedule, type ScheduleSpec } from '../../src/schedules/index.js';
import { Trainer } from '../../src/training/trainer.js';
import { openOptimizer } from '../optimizers/arena.js';
import { summaryOf } from '../support/summary.js';
import { tinyDatasets, tinyModel } from '../support/tiny.js';

type Nested = readonly (number | Nested)[];

/** What PyTorch gives; made by `test/fixtures/one-cycle.py`. */
interface Reference {
  readonly momenta: readonly {
    readonly title: string;
    readonly options: {
      readonly pct_start?: number;
      readonly anneal_strategy?: 'cos' | 'linear';
      readonly base_momentum?: number;
      readonly max_momentum?: number;
      readonly three_phase?: boolean;
    };
    readonly totalSteps: number;
    readonly momenta: readonly number[];
  }[];
  readonly trained: readonly { readonly title: string; readonly last: readonly number[] }[];
}
const reference = JSON.parse(await readFile('test/fixtures/one-cycle.json', 'utf8')) as Reference;
const parity = JSON.parse(await readFile('test/fixtures/parity/optimizers.json', 'utf8')) as {
  readonly parameters: readonly Nested[];
  readonly gradients: readonly (readonly Nested[])[];
};

const flat = (nested: Nested): number[] => nested.flatMap((item) => (typeof item === 'number' ? [item] : flat(item)));

for (const { title, options, totalSteps, momenta } of reference.momenta) {
  test(`the momenta of PyTorch's OneCycleLR: ${title}`, (t) => {
    const spec: ScheduleSpec = {
      name: 'oneCycle',
      cycleMomentum: true,
      pctStart: options.pct_start ?? 0.3,
      annealStrategy: options.anneal_strategy ?? 'cos',
      baseMomentum: options.base_momentum ?? 0.85,
      maxMomentum: options.max_momentum ?? 0.95,
      threePhase: options.three_phase ?? false,
    };
    const schedule = createSchedule(spec, { baseLearningRate: 0.5, totalSteps, stepsPerEpoch: 5 });
    momenta.forEach((expected, step) => {
      const found = schedule.momentum?.(step) ?? Number.NaN;
      t.true(Math.abs(found - expected) < 1e-12, `step ${step}: ${found}, not ${expected}`);
    });
  });
}

/** The optimizers of the script. */
const specs: Readonly<Record<string, OptimizerSpec>> = {
  sgd: { name: 'sgd', momentum: 0.9 },
  'sgd, Nesterov': { name: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 0.01 },
  adam: { name: 'adam' },
  adamw: { name: 'adamw', weightDecay: 0.05 },
  rmsprop: { name: 'rmsprop', momentum: 0.9 },
};
for (const { title, last } of reference.trained) {
  test(`the steps of PyTorch under it: ${title}`, (t) => {
    const spec = specs[title];
    if (spec === undefined) throw new TypeError(title);
    const parameters = Object.fromEntries(
      parity.parameters.map((values, index) => [`layer${index}/kernel`, flat(values)]),
    );
    const { kernel, weights, gradients, read, write } = openOptimizer(spec, parameters);
    const totalSteps = parity.gradients.length;
    const cycle: ScheduleSpec = { name: 'oneCycle', pctStart: 0.4, cycleMomentum: true };
    const schedule = createSchedule(cycle, { baseLearningRate: 0.05, totalSteps, stepsPerEpoch: totalSteps });
    parity.gradients.forEach((gradient, step) => {
      write(gradients[0] ?? new Float32Array(), gradient.flatMap(flat));
      const momentum = schedule.momentum?.(step);
      kernel.run({ step: step + 1, learningRate: schedule.learningRate(step), momentum, coefficients: [1] });
    });
    const found = read(weights);
    t.is(found.length, last.length);
    last.forEach((value, index) => {
      const error = Math.abs((found[index] ?? Number.NaN) - value) / Math.abs(value);
      t.true(error <= 1e-5, `${title}[${index}]: relative error ${error}`);
    });
  });
}

test('the momentum is moved only where it is asked for, and stays up during a warm-up', (t) => {
  const context = { baseLearningRate: 1, totalSteps: 12, stepsPerEpoch: 3 };
  t.is(createSchedule({ name: 'oneCycle' }, context).momentum, undefined);
  const warm = createSchedule({ name: 'oneCycle', cycleMomentum: true, warmup: { steps: 2 } }, context);
  const plain = createSchedule({ name: 'oneCycle', cycleMomentum: true }, { ...context, totalSteps: 10 });
  const found = Array.from({ length: 12 }, (_, step) => warm.momentum?.(step));
  t.deepEqual(found, [0.95, 0.95, ...Array.from({ length: 10 }, (_, step) => plain.momentum?.(step))]);
});

test('an optimizer without momentum is refused', (t) => {
  const schedule = { name: 'oneCycle', cycleMomentum: true };
  for (const optimizer of [{ name: 'sgd' }, { name: 'adagrad' }]) {
    t.throws(() => resolveConfig({ where: 'config', input: { optimizer, schedule } }), {
      code: 'CONVOY_OPTION',
      message: new RegExp(
        `^schedule.cycleMomentum needs an optimizer with momentum instead of ${optimizer.name}: sgd with momentum above 0, adam`,
      ),
    });
  }
  t.notThrows(() => resolveConfig({ where: 'config', input: { optimizer: { name: 'adam' }, schedule } }));
  t.notThrows(() => resolveConfig({ where: 'config', input: { optimizer: { name: 'sgd', momentum: 0.9 }, schedule } }));
});

test.serial('a training follows it: with both momenta the same it is a training with that momentum', async (t) => {
  const digest = async (momentum: number, cycle: object): Promise<string> => {
    const trainer = new Trainer({
      config: {
        dataset: 'tiny',
        model: { name: 'tiny' },
        optimizer: { name: 'sgd', momentum },
        learningRate: 0.05,
        schedule: { name: 'oneCycle', ...cycle },
        epochs: 1,
        batchSize: 16,
        shards: 2,
        workers: 2,
      },
      datasets: tinyDatasets(),
      model: tinyModel(),
    });
    return (await trainer.train().then(summaryOf)).weightsSha256;
  };
  const own = await digest(0.7, {});
  t.is(await digest(0.9, { cycleMomentum: true, baseMomentum: 0.7, maxMomentum: 0.7 }), own);
  t.not(await digest(0.7, { cycleMomentum: true }), own);
});
