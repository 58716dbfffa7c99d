import { readFile } from 'node:fs/promises';
import test from 'ava';
import { createSchedule, type Schedule, type ScheduleSpec } from '../../src/schedules/index.js';

/** Made by `test/fixtures/plateau-warmup.py`. */
const cases = JSON.parse(await readFile('test/fixtures/plateau-warmup.json', 'utf8')) as readonly {
  readonly title: string;
  readonly spec: ScheduleSpec;
  readonly stepsPerEpoch: number;
  readonly metrics: readonly number[];
  readonly learningRates: readonly number[];
}[];

for (const { title, spec, stepsPerEpoch, metrics, learningRates } of cases) {
  const context = { baseLearningRate: 0.1, totalSteps: learningRates.length, stepsPerEpoch };
  test(`a plateau behind a warm-up has the learning rates of PyTorch: ${title}`, (t) => {
    const whole = createSchedule(spec, context);
    let resumed = createSchedule(spec, context);
    const reload = (schedule: Schedule): Schedule => {
      const fresh = createSchedule(spec, context);
      fresh.restore(JSON.parse(JSON.stringify(schedule.state())));
      return fresh;
    };
    for (const [epoch, metric] of metrics.entries()) {
      for (let step = epoch * stepsPerEpoch; step < (epoch + 1) * stepsPerEpoch; step++) {
        const expected = learningRates[step] ?? Number.NaN;
        t.true(Math.abs(whole.learningRate(step) - expected) < 1e-12, `${step}: ${whole.learningRate(step)}`);
        t.is(resumed.learningRate(step), whole.learningRate(step), `resumed, step ${step}`);
      }
      for (const schedule of [whole, resumed]) schedule.onEpochEnd?.({ loss: metric, accuracy: metric });
      resumed = reload(resumed);
    }
  });
}

test('a state that does not say how many epochs it saw is behind the warm-up, a wrong number is refused', (t) => {
  const spec: ScheduleSpec = { name: 'reduceOnPlateau', patience: 0, factor: 0.5, warmup: { epochs: 2 } };
  const schedule = createSchedule(spec, { baseLearningRate: 1, totalSteps: 8, stepsPerEpoch: 1 });
  const { epochs: _, ...old } = schedule.state() ?? {};
  schedule.restore(old);
  for (const loss of [1, 2]) schedule.onEpochEnd?.({ loss, accuracy: 0 });
  t.is(schedule.learningRate(5), 0.5);
  t.throws(() => schedule.restore({ ...old, epochs: -1 }), { code: 'CONVOY_CHECKPOINT', message: /epochs/ });
});
