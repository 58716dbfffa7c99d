import test from 'ava';
import type { CheckpointMessage } from '../../proto/convoy.js';
import { type ConfigInput, resolveConfig, type SettledConfig } from '../../src/config/index.js';
import { openSchedule } from '../../src/runtime/index.js';
import { goOn } from '../../src/training/go-on.js';
import { initialState, type TrainingState } from '../../src/training/training-state.js';
import { tinyDatasets } from '../support/tiny-data.js';

/** 48 samples in batches of 16: three steps an epoch. */
const datasets = tinyDatasets(48);

/** What a resumed run is told, and whether it is still stopped. */
function resumed(
  input: ConfigInput,
  state: Partial<TrainingState>,
  epochs: { readonly before: number; readonly now: number },
): { notes: string[]; stopped: string | undefined } {
  const config = resolveConfig({
    where: 'test',
    input: { batchSize: 16, learningRate: 0.1, ...input, epochs: epochs.now },
  }) as SettledConfig;
  const schedule = openSchedule(config, datasets.train.count);
  const whole = { ...initialState(), ...state };
  const message = { config: JSON.stringify({ ...config, epochs: epochs.before }) } as CheckpointMessage;
  const notes: string[] = [];
  goOn({ config, schedule, datasets }, whole, message, (note) => notes.push(note));
  return { notes, stopped: whole.stopped };
}

test('a run that stopped early goes on where more epochs are asked for than it had, and says so', (t) => {
  const state = { epoch: 3, step: 9, stopped: 'test.loss has not improved' };
  t.deepEqual(resumed({}, state, { before: 6, now: 8 }), {
    notes: ['the run had stopped early, after epoch 3: test.loss has not improved; it goes on to epoch 8'],
    stopped: undefined,
  });
  for (const now of [6, 4]) {
    t.deepEqual(resumed({}, state, { before: 6, now }), {
      notes: [
        'the run had stopped early, after epoch 3: test.loss has not improved; --epochs with more than 6 trains on',
      ],
      stopped: state.stopped,
    });
  }
});

test('a run that is done says so, one that was interrupted says nothing', (t) => {
  const done = resumed({}, { epoch: 6, step: 18 }, { before: 6, now: 6 });
  t.deepEqual(done.notes, ['all epochs are done (6); a higher --epochs trains longer']);
  t.deepEqual(resumed({}, { epoch: 4, step: 12 }, { before: 6, now: 6 }).notes, []);
});

// Rates by the definitions, at the last step done and at the next.
const cosine = (time: number, length: number): number => (0.1 * (1 + Math.cos((Math.PI * time) / length))) / 2;
const jumps: readonly (readonly [string, ConfigInput, number, number])[] = [
  ['cosine', { schedule: { name: 'cosine' } }, cosine(8, 9), cosine(9, 18)],
  ['cosine in epochs', { schedule: { name: 'cosine', interval: 'epoch' } }, cosine(2, 3), cosine(3, 6)],
  [
    'cosine behind a warm-up of three steps',
    { schedule: { name: 'cosine', warmup: { epochs: 1 } } },
    cosine(5, 6),
    cosine(6, 15),
  ],
  ['polynomial', { schedule: { name: 'polynomial', power: 2 } }, 0.1 * (1 / 9) ** 2, 0.1 * (1 / 2) ** 2],
];
for (const [title, input, last, next] of jumps) {
  test(`more epochs of ${title}: both rates are told`, (t) => {
    const { notes } = resumed(input, { epoch: 3, step: 9 }, { before: 3, now: 6 });
    const rates = `the learning rate goes from ${last.toPrecision(3)} to ${next.toPrecision(3)}`;
    t.deepEqual(notes, [
      `the ${input.schedule?.name} schedule is laid over 6 epochs instead of 3: after epoch 3 ${rates}`,
    ]);
  });
}

test('one-cycle tells of the momentum too, and callbacks scale the learning rate', (t) => {
  const schedule = { name: 'oneCycle', cycleMomentum: true, annealStrategy: 'linear' } as const;
  const optimizer = { name: 'sgd', momentum: 0.9 } as const;
  const state = { epoch: 3, step: 9, learningRateScale: 0.5 };
  const { notes } = resumed({ schedule, optimizer }, state, { before: 3, now: 6 });
  // Over 3 epochs it has ended: 0.1 / 25 / 1e4. Over 6 the peak is at 0.3 * 18 - 1 = 4.4, the end at 17: of the way from
  // 0.1 to 0.1 / 25 / 1e4 at step 9 are (9 - 4.4) / 12.6 done, and so of the way from 0.85 to 0.95.
  const done = (9 - 4.4) / 12.6;
  const end = 0.1 / 25 / 1e4;
  const next = 0.5 * (0.1 + (end - 0.1) * done);
  t.deepEqual(notes, [
    'the oneCycle schedule is laid over 6 epochs instead of 3: after epoch 3 the learning rate goes from ' +
      `${(0.5 * end).toPrecision(3)} to ${next.toPrecision(3)}, the momentum goes from 0.950 to ${(0.85 + 0.1 * done).toPrecision(3)}`,
  ]);
});

test('schedules that do not depend on the end say nothing, nor do falls that were to come anyway', (t) => {
  const quiet: readonly ConfigInput['schedule'][] = [
    { name: 'constant' },
    { name: 'multiStep', milestones: [3], gamma: 0.01 },
    { name: 'step', stepSize: 1 },
    { name: 'cosine', tMax: 40 },
    { name: 'polynomial', totalIters: 100 },
    { name: 'reduceOnPlateau', patience: 0 },
  ];
  for (const schedule of quiet) {
    t.deepEqual(resumed({ schedule }, { epoch: 3, step: 9 }, { before: 3, now: 6 }).notes, [], schedule?.name);
  }
});
