import test from 'ava';
import { gridList, rangeOf } from '../../src/cli/sweep-parsers.js';
import { nextJob, ranked, rungEpochs } from '../../src/experiments/halving.js';
import { configLayer, optionName, trialsOf } from '../../src/experiments/search-space.js';

/** Runs all jobs with given final scores, the same at every rung. */
function jobs(scores: readonly number[], rungs: number, factor: number): string[] {
  const found = Array.from({ length: rungs }, () => new Map<number, number>());
  const done: string[] = [];
  const state = { trials: scores.length, scores: found, factor };
  for (let job = nextJob(state); job !== undefined; job = nextJob(state)) {
    found[job.rung]?.set(job.trial, scores[job.trial] as number);
    done.push(`${job.trial}@${job.rung}`);
  }
  return done;
}

test('jobs are those of ASHA by hand: promotions from the highest rung first, then new trials', (t) => {
  // Factor 2, three rungs. After 2 results of rung 0 its better one goes on; after 2 of rung 1 the better one of these.
  t.deepEqual(jobs([0.1, 0.5, 0.3, 0.4], 3, 2), [
    ...['0@0', '1@0', '1@1'], // top half of {0, 1}: 1
    '2@0', // of three results still one
    ...['3@0', '3@1'], // top half of four: 1 and 3
    '1@2', // top half of {1, 3}
  ]);
  // Factor 3: trial 2 goes on after three results, and is not taken back when 3 and 4 overtake it.
  t.deepEqual(jobs([1, 2, 3, 6, 5, 4], 2, 3), [
    ...['0@0', '1@0', '2@0', '2@1'],
    ...['3@0', '3@1'], // top third of four: one, which is now trial 3
    ...['4@0', '5@0', '4@1'], // of five still one; of six 3 and 4
  ]);
});

test('a single rung trains every trial once; trials that failed never go on', (t) => {
  t.deepEqual(jobs([3, 1, 2], 1, 2), ['0@0', '1@0', '2@0']);
  const failed = Number.NEGATIVE_INFINITY;
  t.deepEqual(jobs([failed, failed, 0, failed], 2, 2), ['0@0', '1@0', '2@0', '2@1', '3@0']);
});

test('of equal scores the earlier trial is better, and failures are last', (t) => {
  t.deepEqual(
    ranked(
      new Map([
        [2, 1],
        [0, Number.NEGATIVE_INFINITY],
        [3, 2],
        [1, 1],
      ]),
    ),
    [3, 1, 2, 0],
  );
});

test('rungs grow by the factor to the last epoch', (t) => {
  t.deepEqual(rungEpochs(1, 3, 30), [1, 3, 9, 27, 30]);
  t.deepEqual(rungEpochs(2, 2, 8), [2, 4, 8]);
  t.deepEqual(rungEpochs(5, 3, 5), [5]);
});

test('a grid is every combination, the last name fastest', (t) => {
  t.deepEqual(trialsOf({ grid: { lr: [0.1, 0.01], 'batch-size': [8, 16] } }, 0), [
    { learningRate: 0.1, batchSize: 8 },
    { learningRate: 0.1, batchSize: 16 },
    { learningRate: 0.01, batchSize: 8 },
    { learningRate: 0.01, batchSize: 16 },
  ]);
});

test('random draws depend on the seed, are uniform on their scale, and more trials begin with the same ones', (t) => {
  const ranges = {
    learningRate: { min: 1e-4, max: 1, scale: 'log' },
    batchSize: { min: 4, max: 7, integer: true },
    'optimizer.momentum': { min: 0.5, max: 0.9 },
  } as const;
  const count = 4000;
  const trials = trialsOf({ ranges, grid: { epochs: [1, 2] }, random: count }, 3);
  t.deepEqual(trialsOf({ ranges, grid: { epochs: [1, 2] }, random: 10 }, 3), trials.slice(0, 10));
  t.notDeepEqual(trialsOf({ ranges, grid: { epochs: [1, 2] }, random: 10 }, 4), trials.slice(0, 10));
  const share = (holds: (trial: Readonly<Record<string, unknown>>) => boolean): number =>
    trials.filter(holds).length / count;
  // Within five standard deviations of a share p: 5 sqrt(p (1 - p) / 4000) < 0.04.
  const near = (found: number, expected: number, what: string): void =>
    void t.true(Math.abs(found - expected) < 0.04, `${what}: ${found}`);
  for (const decade of [-4, -3, -2, -1])
    near(
      share(({ learningRate: x }) => Number(x) >= 10 ** decade && Number(x) < 10 ** (decade + 1)),
      1 / 4,
      `from 1e${decade}`,
    );
  for (const size of [4, 5, 6, 7])
    near(
      share(({ batchSize }) => batchSize === size),
      1 / 4,
      `batches of ${size}`,
    );
  near(
    share((trial) => Number(trial['optimizer.momentum']) < 0.7),
    1 / 2,
    'lower half',
  );
  near(
    share(({ epochs }) => epochs === 1),
    1 / 2,
    'first of two',
  );
});

test('names are those that people type, and become objects of a configuration', (t) => {
  t.is(optionName('bs'), 'batchSize');
  t.is(optionName('optimizer.weight-decay'), 'optimizer.weightDecay');
  t.deepEqual(
    configLayer({ optimizer: 'adam', 'optimizer.weightDecay': 0.1, learningRate: 1, 'checkpoint.everySteps': 3 }),
    {
      optimizer: { name: 'adam', weightDecay: 0.1 },
      learningRate: 1,
      checkpoint: { everySteps: 3 },
    },
  );
});

test('spaces that cannot be are refused', (t) => {
  const refused = (space: object, message: RegExp): void =>
    void t.throws(() => trialsOf(space, 0), { code: 'CONVOY_OPTION', message });
  refused({}, /something to try, as --grid/);
  refused(
    { grid: { learningrat: [1] } },
    /Unknown option "learningrat" of a sweep; did you mean learningRate|learningRate/,
  );
  refused({ grid: { lr: [1], learningRate: [2] } }, /learningRate excludes a second list or range/);
  refused({ ranges: { lr: { min: 0.1, max: 1 } } }, /the range of learningRate needs --random N/);
  refused({ ranges: { lr: { min: 0, max: 1, scale: 'log' } }, random: 2 }, /above 0 on a log scale/);
  refused({ ranges: { lr: { min: 1, max: 1 } }, random: 2 }, /more than min/);
});

test('lists and ranges of a sweep', (t) => {
  const first = gridList('lr=0.1,0.01', '--grid');
  t.deepEqual(gridList('optimizer=adam,sgd:momentum=0.9,nesterov=true', '--grid', first), {
    lr: [0.1, 0.01],
    optimizer: ['adam', { name: 'sgd', momentum: 0.9, nesterov: true }],
  });
  t.deepEqual(gridList('adamw.betas=[0.9,0.99],[0.9,0.999]', '--grid'), {
    'adamw.betas': [
      [0.9, 0.99],
      [0.9, 0.999],
    ],
  });
  t.deepEqual(rangeOf('bs=16..128:log,integer', '--range', rangeOf('lr=1e-4..0.1', '--range')), {
    lr: { min: 1e-4, max: 0.1, scale: 'linear', integer: false },
    bs: { min: 16, max: 128, scale: 'log', integer: true },
  });
  for (const wrong of ['lr', 'lr=', '=1', 'lr=1', 'lr=1..2..3', 'lr=1..2:logs'])
    t.throws(() => rangeOf(wrong, '--range'), { code: 'CONVOY_OPTION', message: /NAME=MIN\.\.MAX/ });
  t.throws(() => gridList('lr=', '--grid'), { message: /NAME=VALUE,VALUE/ });
});
