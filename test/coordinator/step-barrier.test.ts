import { Worker } from 'node:worker_threads';
import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { RandomStream } from '../../src/base/random.js';
import { type LayersModel, tf } from '../../src/base/tf.js';
import type { ConfigInput } from '../../src/config/config.js';
import { StepBarrier, spinTime } from '../../src/coordinator/step-barrier.js';
import { ArenaPlan, barrierHead, slotNames } from '../../src/memory/index.js';
import { loadNative } from '../../src/native/index.js';
import type { Runtime } from '../../src/runtime/contract.js';
import { fillInOrder, inMemory, named, withRuntime } from '../support/in-memory.js';
import { sameBits } from '../support/same-bits.js';
import { trainToEnd } from '../support/train-to-end.js';

function openBarrier(shards: number) {
  const plan = new ArenaPlan();
  plan.add(slotNames.barrier, 'int32', barrierHead + shards);
  const arena = plan.create();
  return { arena, barrier: new StepBarrier(arena) };
}

test('the last to arrive decides, and each shard goes through once', (t) => {
  const { barrier } = openBarrier(2);
  t.true(barrier.pass(1, 1, () => true));
  t.true(barrier.hasPassed(1));
  t.false(barrier.hasPassed(0));
  t.false(
    barrier.pass(1, 1, () => true),
    'a second time',
  );
  barrier.reset();
  t.false(barrier.hasPassed(1));
  t.false(barrier.pass(1, 1, () => false));
  t.false(barrier.hasPassed(1));
});

test('a decision that fails is told by who took it, and nobody goes through', (t) => {
  const { barrier } = openBarrier(1);
  const fail = () => {
    throw new RangeError('no decision');
  };
  t.throws(() => barrier.pass(0, 1, fail), { message: 'no decision' });
  t.false(barrier.pass(0, 1, () => true));
  t.false(barrier.hasPassed(0));
});

test('who arrives at a barrier that was shut goes away; one that is open stays so', (t) => {
  const { barrier } = openBarrier(2);
  barrier.shut();
  t.false(barrier.pass(0, 2, () => t.fail()));
  t.false(
    barrier.pass(1, 2, () => t.fail()),
    'the last of them',
  );
  barrier.reset();
  t.true(barrier.pass(0, 1, () => true));
  barrier.shut();
  t.true(barrier.pass(1, 1, () => t.fail()));
});

/** A thread that passes the barrier and says what came of it. */
function passer(
  handle: object,
  spin: number,
  shard: number,
  parties: number,
): { readonly worker: Worker; readonly result: Promise<unknown> } {
  const files = {
    memory: new URL('../../src/memory/index.js', import.meta.url).href,
    barrier: new URL('../../src/coordinator/step-barrier.js', import.meta.url).href,
  };
  const source = `
    const { parentPort, workerData: { handle, spin, shard, parties, files } } = require('node:worker_threads');
    Promise.all([import(files.memory), import(files.barrier)]).then(([{ Arena }, { StepBarrier }]) => {
      const barrier = new StepBarrier(Arena.open(handle), spin);
      let decided = false;
      const passed = barrier.pass(shard, parties, () => (decided = true));
      parentPort.postMessage({ shard, passed, decided });
    });`;
  const worker = new Worker(source, { eval: true, workerData: { handle, spin, shard, parties, files } });
  return { worker, result: new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject)) };
}

for (const [name, spin] of [
  ['sleep', 0],
  ['look', 60_000],
] as const) {
  test(`threads that ${name} wait for the last, and one that came before it died may come again`, async (t) => {
    const { arena, barrier } = openBarrier(3);
    const words = arena.int32(arena.slot(slotNames.barrier));
    const first = passer(arena.handle, spin, 0, 3);
    const dying = passer(arena.handle, spin, 1, 3);
    // Both have arrived when two are counted.
    for (let seen = 0; seen < 2; seen = Atomics.load(words, barrierHead / 2))
      await new Promise((resolve) => setImmediate(resolve));
    await dying.worker.terminate();
    const again = passer(arena.handle, spin, 1, 3);
    const last = passer(arena.handle, spin, 2, 3);
    const results = await Promise.all([first.result, again.result, last.result]);
    t.deepEqual(results, [
      { shard: 0, passed: true, decided: false },
      { shard: 1, passed: true, decided: false },
      { shard: 2, passed: true, decided: true },
    ]);
    t.true([0, 1, 2].every((shard) => barrier.hasPassed(shard)));
  });
}

test('workers look before they sleep where each thread has a core', (t) => {
  t.true(spinTime(2, 2) > 0);
  t.is(spinTime(3, 2), 0);
});

test.before(async () => {
  await loadNative(); // models are made on its backend
});

const side = 48;
const batchSize = 20;
const random = new RandomStream(2, 'test', 5);
const count = 3 * batchSize + 7;
const datasets = inMemory(
  Uint8Array.from({ length: count * side * side }, () => random.below(256)),
  Array.from({ length: count }, (_, index) => index % 3),
  side,
  3,
);

/** Its large kernel has gradients that are products of all shards' factors; its normalization has moving statistics. */
const model = (): LayersModel =>
  tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [side, side, 1] }),
      tf.layers.batchNormalization({ name: 'norm' }),
      tf.layers.dense({ units: 512, activation: 'relu', name: 'large' }),
      tf.layers.dropout({ rate: 0.3 }),
      tf.layers.dense({ units: 3, name: 'logits' }),
    ],
  });
const base: ConfigInput = {
  dataset: 'noise',
  model: { name: 'barrier' },
  engine: 'compiled',
  batchSize,
  shards: 2,
  learningRate: 0.01,
  epochs: 1,
};
const withWorkers = <Result>(
  workers: number,
  use: (runtime: Runtime) => Promise<Result>,
  more: ConfigInput = {},
): Promise<Result> => withRuntime({ ...base, workers, ...more }, { datasets, model: model() }, use);

for (const optimizer of [{ name: 'sgd', momentum: 0.9 }, { name: 'adam' }] as const) {
  test.serial(
    `${optimizer.name}: through the barrier weights and moving statistics are, to the bit, those of one worker without it`,
    async (t) => {
      const after = (workers: number) =>
        withWorkers(
          workers,
          async (runtime) => {
            const plan = { learningRate: 0.01, accumulated: 0, update: true };
            for (const [step, samples] of [batchSize, 7, batchSize].entries()) {
              const batch = await fillInOrder(runtime, step * batchSize, samples);
              const { replies, sums } = await runtime.coordinator.step(batch, { ...plan, batch: step, step });
              t.is(sums.count, samples);
              // With one worker two shards wait for each other in vain: no barrier.
              t.is(replies.filter(({ result }) => result !== undefined).length, workers === 1 ? 0 : 2);
            }
            return named(runtime, 'weights');
          },
          { optimizer },
        );
      const without = await after(1);
      t.true([...without.keys()].some((name) => /moving_variance/.test(name)));
      for (const workers of optimizer.name === 'sgd' ? [2, 3] : [2])
        sameBits(t, await after(workers), without, `${workers} workers`);
    },
  );
}

test.serial('a loss that is not finite shuts the barrier: nothing has moved', async (t) => {
  await withWorkers(2, async (runtime) => {
    const weights = runtime.arena.float32(runtime.arena.slot(slotNames.weights));
    const logits = runtime.layout.parameters.find(({ name }) => name === 'logits/bias');
    weights.set([Number.POSITIVE_INFINITY], logits?.offset);
    const before = named(runtime, 'weights');
    const batch = await fillInOrder(runtime, 0, batchSize);
    const plan = { batch: 0, step: 0, learningRate: 0.01, accumulated: 0, update: true };
    const error = await t.throwsAsync(runtime.coordinator.step(batch, plan), { instanceOf: ConvoyError });
    t.is(error.code, 'CONVOY_DIVERGED');
    sameBits(t, named(runtime, 'weights'), before);
  });
});

for (const [workers, late] of [
  [1, false],
  [1, true],
  [2, false],
  [2, true],
] as const) {
  test.serial(
    `what the main thread does ${late ? 'late' : 'early'} in a step on ${workers} workers is done once, and its failure is reported`,
    async (t) => {
      await withWorkers(workers, async (runtime) => {
        const batch = await fillInOrder(runtime, 0, batchSize);
        const plan = { batch: 0, step: 0, learningRate: 0.01, accumulated: 0, update: true };
        let runs = 0;
        await runtime.coordinator.step(batch, plan, { late, run: () => void runs++ });
        t.is(runs, 1);
        const fail = (): void => {
          throw new RangeError('no room');
        };
        await t.throwsAsync(runtime.coordinator.step(batch, { ...plan, batch: 1, step: 1 }, { late, run: fail }), {
          message: 'no room',
        });
      });
    },
  );
}

function train(failure?: string): { readonly result: Promise<{ weightsSha256: string }>; readonly notes: string[] } {
  const notes: string[] = [];
  const onNote = (note: string) => notes.push(note);
  return {
    result: trainToEnd({ config: { ...base, workers: 2 }, datasets, model: model(), onNote }, failure),
    notes,
  };
}

let good: Promise<{ weightsSha256: string }> | undefined;

for (const failure of ['throw', 'exit']) {
  test.serial(
    `while another waits at the barrier, a worker that does ${failure} has its shard done again, and the result is unchanged`,
    async (t) => {
      good ??= train().result;
      const { result, notes } = train(failure);
      const mended = await result;
      t.is(mended.weightsSha256, (await good).weightsSha256);
      t.is(
        notes.filter((note) => /a worker failed on a gradients task, which is done again/.test(note)).length,
        1,
        notes.join('; '),
      );
    },
  );
}

test.serial(
  'a shard that fails on every worker ends the run, though another waits for it at the barrier',
  async (t) => {
    const error = await t.throwsAsync(train('always').result, { instanceOf: ConvoyError });
    t.is(error.code, 'CONVOY_WORKER');
    t.regex(error.message, /failed on 3 workers in a row: out of order/);
  },
);

test.serial('a failure behind the barrier ends the run: a step cannot be done twice', async (t) => {
  const error = await t.throwsAsync(train('share').result, { instanceOf: ConvoyError });
  t.is(error.code, 'CONVOY_WORKER');
  t.regex(
    error.message,
    /a worker failed in it, which leaves weights half moved: .*; --resume goes on from the last checkpoint/,
  );
});
