import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import {
  type Callback,
  CallbackList,
  csvLogger,
  earlyStopping,
  keepCheckpoints,
  requireMonitors,
  targetReached,
} from '../../src/callbacks/index.js';
import { code, FakeControl, record, run } from '../support/fake-control.js';

test('early stopping ends the run after patience epochs without improvement and brings the best weights back', async (t) => {
  const callback = earlyStopping({ patience: 2 });
  // Best at epoch 3; 4 and 5 are not better, so 5 is the last.
  const { control, epoch } = await run(callback, [3, 2, 1, 1, 1.5, 0.1]);
  t.is(epoch, 5);
  t.regex(control.reason ?? '', /test\.loss.*epoch 3/);
  t.is(control.weights, 5);
  await callback.onTrainEnd?.(control);
  t.is(control.weights, 3);
});

test('a run that is not stopped early ends with its best weights too, unless told otherwise', async (t) => {
  for (const [restoreBest, weights] of [
    [true, 2],
    [false, 3],
  ] as const) {
    const callback = earlyStopping({ patience: 5, restoreBest });
    const { control } = await run(callback, [3, 1, 2]);
    t.is(control.reason, undefined);
    await callback.onTrainEnd?.(control);
    t.is(control.weights, weights);
  }
});

test('an improvement must be more than minDelta over the best, not over the epoch before', async (t) => {
  // 0.875 and 0.75 are no improvement over 1 by more than 0.25; 0.5 is, 0.375 is not over 0.5.
  const { epoch, control } = await run(
    earlyStopping({ patience: 3, minDelta: 0.25 }),
    [1, 0.875, 0.75, 0.5, 0.375, 0.375, 0.375],
  );
  t.is(epoch, 7);
  t.is(control.kept, 4);
});

test('accuracies are better high, and a loss that is not a number is no improvement', async (t) => {
  const callback = earlyStopping({ patience: 1, monitor: 'test.accuracy' });
  const control = new FakeControl();
  await callback.onEpochEnd?.(record(1, 1, 0.5), control);
  await callback.onEpochEnd?.(record(2, 9, 0.6), control);
  t.is(control.reason, undefined);
  await callback.onEpochEnd?.(record(3, 0, 0.6), control);
  t.truthy(control.reason);

  const nan = await run(earlyStopping({ patience: 2 }), [Number.NaN, Number.NaN, 1]);
  t.is(nan.epoch, 2);
});

test('the validation loss is watched where there is one', async (t) => {
  const callback = earlyStopping({ patience: 1 });
  const control = new FakeControl();
  await callback.onEpochEnd?.({ ...record(1, 1), validation: { loss: 1, accuracy: 0 } }, control);
  await callback.onEpochEnd?.({ ...record(2, 9), validation: { loss: 0.5, accuracy: 0 } }, control);
  t.is(control.reason, undefined);
  await callback.onEpochEnd?.({ ...record(3, 0), validation: { loss: 0.7, accuracy: 0 } }, control);
  t.regex(control.reason ?? '', /^validation\.loss/);
});

test('early stopping resumed from its state stops where the uninterrupted run does', async (t) => {
  const losses = [3, 2, 1, 1, 1.5, 1.2, 0.1];
  const whole = await run(earlyStopping({ patience: 3 }), losses);
  t.is(whole.epoch, 6);
  for (let cut = 1; cut < 6; cut++) {
    const before = earlyStopping({ patience: 3 });
    const { control } = await run(before, losses.slice(0, cut));
    const after = earlyStopping({ patience: 3 });
    after.restore?.(JSON.parse(JSON.stringify(before.state?.())));
    t.is((await run(after, losses.slice(cut), control, cut + 1)).epoch, 6);
    await after.onTrainEnd?.(control);
    t.is(control.weights, 3);
  }
});

test('wrong options, splits that are not evaluated and damaged states are refused', async (t) => {
  t.is(
    code(t, () => earlyStopping({ patience: 0 })),
    'CONVOY_OPTION',
  );
  t.is(
    code(t, () => targetReached({ value: Number.NaN })),
    'CONVOY_OPTION',
  );
  t.is(
    code(t, () => keepCheckpoints({ count: 1.5 })),
    'CONVOY_OPTION',
  );
  t.is(
    code(t, () => earlyStopping({ patience: 1 }).restore?.({ best: 'low' })),
    'CONVOY_CHECKPOINT',
  );
  const missing = earlyStopping({ patience: 1, monitor: 'validation.loss' });
  const error = await t.throwsAsync(async () => missing.onEpochEnd?.(record(1, 1), new FakeControl()));
  t.regex(error?.message ?? '', /no validation scores/);
});

test('a target stops the run at the epoch that reaches it', async (t) => {
  const accuracy = targetReached({ value: 0.9 });
  const control = new FakeControl();
  await accuracy.onEpochEnd?.(record(1, 1, 0.89), control);
  t.is(control.reason, undefined);
  await accuracy.onEpochEnd?.(record(2, 1, 0.9), control);
  t.regex(control.reason ?? '', /0\.9 reached/);
  t.is((await run(targetReached({ value: 0.5, monitor: 'test.loss' }), [0.7, 0.4, 0.3])).epoch, 2);
});

test('the last checkpoints are kept and older ones removed, across a resumed run too', async (t) => {
  const first = keepCheckpoints({ count: 2, every: 2 });
  const { control } = await run(first, [1, 1, 1, 1, 1, 1]);
  t.deepEqual([...control.checkpoints], ['epoch-4', 'epoch-6']);
  const second = keepCheckpoints({ count: 2, every: 2 });
  second.restore?.(first.state?.());
  await run(second, [1, 1], control, 7);
  t.deepEqual([...control.checkpoints], ['epoch-6', 'epoch-8']);
});

test('the CSV has a line per epoch, and a resumed run rewrites it from its history', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-csv-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const path = join(folder, 'log.csv');
  const header =
    'epoch,steps,learningRate,train.loss,train.accuracy,validation.loss,validation.accuracy,test.loss,test.accuracy,' +
    'imagesPerSecond,seconds,seconds.data,seconds.gradients,seconds.allReduce,seconds.optimizer,seconds.evaluation\n';
  const row = (epoch: number, loss: number) =>
    `${epoch},${epoch * 10},0.1,1,0.25,,,${loss},0.5,100,2,0.25,1,0.125,0.125,0.5\n`;
  const control = new FakeControl();
  const first = csvLogger({ path });
  await first.onTrainBegin?.({ epochs: 3, history: [] }, control);
  await run(first, [3, 2]);
  t.is(await readFile(path, 'utf8'), header + row(1, 3) + row(2, 2));

  // Killed in the middle of a line after epoch 2; the checkpoint knows epoch 1 only.
  await writeFile(path, `${header}${row(1, 3)}${row(2, 2)}3,30,0.`);
  const second = csvLogger({ path });
  await second.onTrainBegin?.({ epochs: 3, history: [record(1, 3)] }, control);
  await run(second, [2.5], control, 2);
  t.is(await readFile(path, 'utf8'), header + row(1, 3) + row(2, 2.5));

  const scored = join(folder, 'scored.csv');
  const more = csvLogger({ path: scored });
  await more.onTrainBegin?.({ epochs: 1, history: [], metrics: ['f1', 'auc'] }, control);
  const scores = { loss: 1, accuracy: 0.5, f1: 0.25, auc: Number.NaN };
  await more.onEpochEnd?.({ ...record(1, 3), test: scores }, control);
  const [names = '', values = ''] = (await readFile(scored, 'utf8')).split('\n');
  const own = Object.fromEntries(names.split(',').map((name, index) => [name, values.split(',')[index]]));
  t.like(own, { 'test.f1': '0.25', 'test.auc': '', 'validation.f1': '' });

  const third = csvLogger({ path });
  const refused = await t.throwsAsync(async () => third.onTrainBegin?.({ epochs: 1, history: [] }, control), {
    instanceOf: ConvoyError,
  });
  t.is(refused?.code, 'CONVOY_OPTION');
  const lost = csvLogger({ path: join(folder, 'missing', 'log.csv') });
  const disk = await t.throwsAsync(async () => lost.onTrainBegin?.({ epochs: 1, history: [] }, control), {
    instanceOf: ConvoyError,
  });
  t.is(disk?.code, 'CONVOY_DISK');
});

test('a list calls its callbacks in order, awaits each, and carries their states by name', async (t) => {
  const calls: string[] = [];
  let restored: unknown;
  const slow: Callback = {
    name: 'slow',
    async onEpochEnd() {
      await Promise.resolve();
      calls.push('slow');
    },
    state: () => ({ seen: 1 }),
    restore: (state) => (restored = state),
  };
  const quick: Callback = {
    name: 'quick',
    onEpochEnd: () => void calls.push('quick'),
    onTrainEnd: () => void calls.push('end'),
  };
  const list = new CallbackList([slow, quick]);
  const control = new FakeControl();
  await list.onTrainBegin({ epochs: 1, history: [] }, control);
  await list.onEpochEnd(record(1, 1), control);
  await list.onTrainEnd(control);
  t.deepEqual(calls, ['slow', 'quick', 'end']);
  t.false(list.wantsSteps);
  t.deepEqual(list.state(), { slow: { seen: 1 } });
  list.restore({ slow: { seen: 7 }, gone: {} });
  t.deepEqual(restored, { seen: 7 });
  t.is(
    code(t, () => list.restore('x')),
    'CONVOY_CHECKPOINT',
  );
  t.is(
    code(t, () => new CallbackList([slow, { name: 'slow' }])),
    'CONVOY_OPTION',
  );
});

test('steps are told to those who want them', async (t) => {
  const seen: number[] = [];
  const list = new CallbackList([{ name: 'loss', onStepEnd: ({ loss }) => void seen.push(loss) }, { name: 'none' }]);
  t.true(list.wantsSteps);
  await list.onStepEnd({ epoch: 1, step: 1, learningRate: 0.1, loss: 2.5, samples: 32 }, new FakeControl());
  t.deepEqual(seen, [2.5]);
});

test('early stopping that had stopped a run waits anew when that goes on; one that was under way goes on waiting', async (t) => {
  const stopped = earlyStopping({ patience: 2 });
  t.is((await run(stopped, [1, 2, 3, 4])).epoch, 3);
  const longer = earlyStopping({ patience: 2 });
  longer.restore?.(stopped.state?.());
  t.is((await run(longer, [5, 6, 7], new FakeControl(), 4)).epoch, 5);
  const midway = earlyStopping({ patience: 3 });
  await run(midway, [1, 2]);
  const resumed = earlyStopping({ patience: 3 });
  resumed.restore?.(midway.state?.());
  t.is((await run(resumed, [5, 6, 7], new FakeControl(), 3)).epoch, 4);
});

test('a callback that follows a value which the run will not have is refused', (t) => {
  const following = [
    earlyStopping({ patience: 1, monitor: 'validation.loss' }),
    targetReached({ value: 0.9, monitor: 'validation.accuracy' }),
  ];
  for (const callback of following) {
    const message = new RegExp(`^${callback.name}\\.monitor validation\\.\\w+ needs a validation split`);
    t.throws(() => requireMonitors([callback], { validation: false }), { code: 'CONVOY_OPTION', message });
    t.notThrows(() => requireMonitors([callback], { validation: true }));
  }
  for (const callback of [earlyStopping({ patience: 1 }), targetReached({ value: 1 })]) {
    t.notThrows(() => requireMonitors([callback], { validation: false }));
  }
});

test('a callback without a name, or with a method that is none of its, is refused', (t) => {
  class Mine {
    readonly name = 'mine';
    on_epoch_end() {}
  }
  const wrong: readonly [unknown, RegExp][] = [
    [{ onEpochEnd() {} }, /an object with a name/],
    [() => undefined, /an object with a name/],
    ['earlyStopping', /an object with a name/],
    [{ name: 'mine', onEpochend() {} }, /"onEpochend" of callback mine; did you mean onEpochEnd/],
    [new Mine(), /"on_epoch_end" of callback mine; did you mean onEpochEnd/],
    [{ name: 'mine', onBatchEnd() {} }, /"onBatchEnd" of callback mine; .*onStepEnd/],
  ];
  for (const [callback, message] of wrong) t.throws(() => new CallbackList([callback as Callback]), { message });
  t.notThrows(() => new CallbackList([{ name: 'mine', once: true, onEpochEnd() {} } as Callback]));
});
