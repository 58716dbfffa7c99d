import { readFile } from 'node:fs/promises';
import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { createSchedule, type ScheduleSpec } from '../../src/schedules/index.js';

/** Learning rates of PyTorch's schedulers, one `scheduler.step()` after each entry. */
interface Fixture {
  readonly baseLearningRate: number;
  readonly cases: readonly {
    readonly title: string;
    readonly spec: ScheduleSpec;
    readonly stepsPerEpoch: number;
    readonly totalSteps: number;
    readonly learningRates: readonly number[];
    readonly metrics?: readonly number[];
  }[];
}

const reference = JSON.parse(await readFile('test/fixtures/schedules.json', 'utf8')) as Fixture;

/** A metric that stands for loss and accuracy, whichever the mode is about. */
const both = (metric: number) => ({ loss: metric, accuracy: metric });

for (const { title, spec, stepsPerEpoch, totalSteps, learningRates, metrics } of reference.cases) {
  test(`the learning rates of PyTorch: ${title}`, (t) => {
    const { baseLearningRate } = reference;
    const schedule = createSchedule(spec, { baseLearningRate, totalSteps, stepsPerEpoch });
    learningRates.forEach((expected, step) => {
      const found = schedule.learningRate(step);
      t.true(Math.abs(found - expected) <= 1e-9 * baseLearningRate, `step ${step}: ${found}, not ${expected}`);
      if (metrics) schedule.onEpochEnd?.(both(metrics[step] ?? NaN));
    });
  });
}

test('an interval of epochs holds the learning rate within each epoch', (t) => {
  const context = { baseLearningRate: 1, totalSteps: 12, stepsPerEpoch: 3 };
  const byEpoch = createSchedule({ name: 'step', stepSize: 2, gamma: 0.5 }, context);
  const rates = Array.from({ length: 12 }, (_, step) => byEpoch.learningRate(step));
  t.deepEqual(rates, [1, 1, 1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
  const byStep = createSchedule({ name: 'step', stepSize: 2, gamma: 0.5, interval: 'step' }, context);
  t.is(byStep.learningRate(4), 0.25);
  // Four epochs in all: a cosine by epochs is half-way down, cos(pi / 2), in the third.
  const cosine = createSchedule({ name: 'cosine', interval: 'epoch' }, context);
  t.true(Math.abs(cosine.learningRate(8) - 0.5) < 1e-12);
});

test('a plateau goes on from its saved state as if it had never stopped', (t) => {
  const spec: ScheduleSpec = { name: 'reduceOnPlateau', patience: 1, cooldown: 1, factor: 0.5 };
  const context = { baseLearningRate: 1, totalSteps: 8, stepsPerEpoch: 1 };
  const metrics = [3, 3, 3, 3, 2, 2, 2, 2];
  const rates = (resumeAt: number): number[] => {
    let schedule = createSchedule(spec, context);
    return metrics.map((metric, step) => {
      if (step === resumeAt) {
        const saved: unknown = JSON.parse(JSON.stringify(schedule.state()));
        schedule = createSchedule(spec, context);
        schedule.restore(saved);
      }
      schedule.onEpochEnd?.(both(metric));
      return schedule.learningRate(step);
    });
  };
  const whole = rates(-1);
  // Best 3; two bad epochs (more than the patience of 1) halve the rate, and the next is the cooldown's; best 2; two
  // bad epochs again.
  t.deepEqual(whole, [1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25]);
  metrics.forEach((_, step) => t.deepEqual(rates(step), whole));
});

test('a plateau of mode max is one of the accuracy, of mode min one of the loss', (t) => {
  const rate = (mode: 'min' | 'max'): number => {
    const schedule = createSchedule(
      { name: 'reduceOnPlateau', mode, patience: 0, factor: 0.5 },
      { baseLearningRate: 1, totalSteps: 8, stepsPerEpoch: 1 },
    );
    // The loss falls in each of three epochs; the accuracy rises once and then stays: one bad epoch is more than none.
    for (const [loss, accuracy] of [
      [3, 0.1],
      [2, 0.5],
      [1, 0.5],
    ] as const)
      schedule.onEpochEnd?.({ loss, accuracy });
    return schedule.learningRate(3);
  };
  t.is(rate('min'), 1);
  t.is(rate('max'), 0.5);
});

test('only a schedule that follows a metric asks for one, and only it has a state', (t) => {
  const context = { baseLearningRate: 1, totalSteps: 8, stepsPerEpoch: 1 };
  const cosine = createSchedule({ name: 'cosine' }, context);
  t.is(cosine.onEpochEnd, undefined);
  t.is(cosine.state(), null);
  t.notThrows(() => cosine.restore(null));
  t.throws(() => cosine.restore({ best: 1 }), { instanceOf: ConvoyError, message: /no state for a cosine/ });
  const plateau = createSchedule({ name: 'reduceOnPlateau' }, context);
  t.throws(() => plateau.restore(null), { instanceOf: ConvoyError });
  t.throws(() => plateau.restore({ ...plateau.state(), more: 1 }), { instanceOf: ConvoyError });
});

const wrong: readonly (readonly [string, object, RegExp])[] = [
  ['an unknown name', { name: 'cosin' }, /schedule/],
  ['an unknown key', { name: 'step', stepSize: 3, size: 3 }, /size.*schedule.*stepSize/],
  ['a missing length', { name: 'step' }, /stepSize/],
  ['a negative factor', { name: 'exponential', gamma: -1 }, /gamma/],
  ['a warm-up in both units', { name: 'constant', warmup: { steps: 1, epochs: 1 } }, /either steps or epochs/],
  [
    'a warm-up as long as the training',
    { name: 'constant', warmup: { steps: 8 } },
    /fewer steps than the training's 8/,
  ],
];
for (const [title, spec, message] of wrong) {
  test(`${title} is an error that names it`, (t) => {
    const context = { baseLearningRate: 1, totalSteps: 8, stepsPerEpoch: 1 };
    const error = t.throws(() => createSchedule(spec as ScheduleSpec, context), { instanceOf: ConvoyError, message });
    t.is(error?.code, 'CONVOY_OPTION');
  });
}
