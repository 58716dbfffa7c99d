import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import { RandomStream } from '../../src/base/random.js';
import { accumulateInSlices, runSlice, type SliceTask, stepInSlices } from '../../src/coordinator/all-reduce.js';
import {
  blockFloats,
  cutSlices,
  type OptimizerSpec,
  openStepKernel,
  type PassResult,
} from '../../src/optimizers/index.js';
import { type OptimizerArena, openOptimizer } from '../optimizers/arena.js';
import { sameBits } from '../support/same-bits.js';

const specs: readonly OptimizerSpec[] = [
  { name: 'sgd', momentum: 0.9, weightDecay: 1e-3, decayBiasAndNorm: false },
  { name: 'adam', clipNorm: 1, ema: {} },
  { name: 'lamb', clipNorm: 10, weightDecay: 0.01, lookahead: { steps: 2 } },
  { name: 'lars', clipValue: 0.1 },
];
/** Of the shards: shares of a batch of 64 samples whose second shard is empty. */
const coefficients = [32 / 64, 0, 25 / 64, 7 / 64];

const normal = (length: number, ...place: number[]): number[] => {
  const stream = new RandomStream(11, 'test', ...place);
  return Array.from({ length }, () => stream.normal());
};

/** Several blocks, a parameter that crosses blocks, small ones that share one. */
const parameters = {
  'a/kernel': normal(2 * blockFloats + 100, 1),
  'a/bias': normal(50, 2),
  'b/kernel': normal(blockFloats, 3),
  'b/bias': normal(7, 4),
};

/** Random gradients in all shards but the empty one, whose slot holds what must not be read. */
function fillGradients({ gradients, places }: OptimizerArena, step: number): void {
  gradients.forEach((gradient, shard) => {
    for (const { offset, length } of places) {
      gradient.set(shard === 1 ? new Float32Array(length).fill(NaN) : normal(length, step, shard, offset), offset);
    }
  });
}

/** Weights and states by name. */
const contents = ({ weights, states }: OptimizerArena) => new Map([['weights', weights], ...states]);

const args = (step: number) => ({ step, learningRate: 0.01, coefficients });

const plain = (blocks: number) =>
  Array.from({ length: blocks }, (_, index) => ({ begin: index, end: index + 1, span: 0 }));

test('slices cover all blocks once, with fewer slices than asked where blocks are few', (t) => {
  t.deepEqual(cutSlices(plain(5), 2), [
    { begin: 0, end: 2 },
    { begin: 2, end: 5 },
  ]);
  t.deepEqual(cutSlices(plain(2), 4), [
    { begin: 0, end: 1 },
    { begin: 1, end: 2 },
  ]);
  t.deepEqual(cutSlices([], 4), [{ begin: 0, end: 0 }]);
});

test('no slice ends within a unit, and units weigh more than what is only reduced', (t) => {
  const units = (count: number) =>
    Array.from(
      { length: 2 * count },
      (_, index) => ({ begin: index, end: index + 1, span: 1, unit: index % 2 === 0 ? 'first' : 'more' }) as const,
    );
  t.deepEqual(cutSlices([...plain(1), ...units(2)], 2), [
    { begin: 0, end: 3 },
    { begin: 3, end: 5 },
  ]);
  // Six blocks that are only reduced cost as much as one unit of two.
  t.deepEqual(cutSlices([...plain(6), ...units(1)], 2), [
    { begin: 0, end: 6 },
    { begin: 6, end: 8 },
  ]);
  t.deepEqual(cutSlices(units(1), 3), [{ begin: 0, end: 2 }]);
});

test('the reduced gradient is the mean over samples: plain SGD at rate 1 from zero shows it', (t) => {
  const { kernel, gradients, weights } = openOptimizer({ name: 'sgd' }, { 'a/kernel': [0] }, { shards: 3 });
  [[8], [NaN], [-4]].forEach((values, shard) => gradients[shard]?.set(values));
  kernel.run({ step: 1, learningRate: 1, coefficients: [3 / 4, 0, 1 / 4] });
  t.is(weights[0], -(8 * 0.75 - 4 * 0.25));
});

for (const spec of specs) {
  test(`any slicing gives the bits of one sweep: ${JSON.stringify(spec)}`, async (t) => {
    const whole = openOptimizer(spec, parameters, { shards: coefficients.length });
    const sliced = openOptimizer(spec, parameters, { shards: coefficients.length, scratches: 2 });
    const other = openStepKernel(
      sliced.kernel.describe(),
      sliced.arena.memory,
      sliced.regions.scratch + blockFloats * 4,
    );
    t.true(whole.kernel.blocks >= 4);
    for (const step of [1, 2, 3]) {
      [whole, sliced].forEach((opened) => fillGradients(opened, step));
      const expected = whole.kernel.run(args(step));
      // More slices each step; those sent are done only after this thread's own, the last first.
      const waiting: (() => void)[] = [];
      const result = await stepInSlices(sliced.kernel, args(step), {
        slices: step + 1,
        here: true,
        send: (task) =>
          new Promise((resolve) => {
            waiting.push(() => resolve(runSlice(other, task)));
            if (waiting.length === Math.min(step + 1, sliced.kernel.blocks) - 1) {
              queueMicrotask(() =>
                waiting
                  .splice(0)
                  .reverse()
                  .forEach((run) => run()),
              );
            }
          }),
      });
      t.is(result.gradientNorm, expected.gradientNorm);
      sameBits(t, contents(sliced), contents(whole));
    }
    t.true(whole.weights.every(Number.isFinite));
  });
}

test('threads share the work to the same bits', async (t) => {
  const spec: OptimizerSpec = { name: 'lamb', clipNorm: 10, weightDecay: 0.01, ema: {} };
  const whole = openOptimizer(spec, parameters, { shards: coefficients.length });
  const shared = openOptimizer(spec, parameters, { shards: coefficients.length, scratches: 3 });
  const workers = [1, 2].map(
    (index) =>
      new Worker(new URL('./all-reduce-worker.js', import.meta.url), {
        workerData: {
          description: shared.kernel.describe(),
          memory: shared.arena.memory,
          scratch: shared.regions.scratch + index * blockFloats * 4,
        },
      }),
  );
  let sent = 0;
  const send = async (task: SliceTask): Promise<PassResult> => {
    const worker = workers[sent++ % workers.length] as Worker;
    const answer = once(worker, 'message');
    worker.postMessage(task);
    const [result] = (await answer) as [PassResult];
    return result;
  };
  for (const step of [1, 2, 3]) {
    [whole, shared].forEach((opened) => fillGradients(opened, step));
    whole.kernel.run(args(step));
    const { seconds } = await stepInSlices(shared.kernel, args(step), { slices: 3, here: true, send });
    t.true(seconds.allReduce > 0 && seconds.optimizer > 0);
    sameBits(t, contents(shared), contents(whole));
  }
  await Promise.all(workers.map((worker) => worker.terminate()));
});

test('a slice that fails fails the step', async (t) => {
  const opened = openOptimizer({ name: 'sgd' }, parameters, { shards: coefficients.length });
  fillGradients(opened, 1);
  const send = () => Promise.reject(new Error('the thread is gone'));
  await t.throwsAsync(stepInSlices(opened.kernel, args(1), { slices: 2, here: true, send }), {
    message: 'the thread is gone',
  });
});

test('accumulated micro-steps are one step over all their samples', async (t) => {
  const spec: OptimizerSpec = { name: 'sgd', clipNorm: 1 };
  const opened = openOptimizer(spec, { 'a/kernel': [0, 0] }, { shards: 2 });
  const put = (first: readonly number[], second: readonly number[]): void => {
    opened.gradients[0]?.set(first);
    opened.gradients[1]?.set(second);
  };
  opened.reduced.fill(NaN); // what an earlier step left is not read
  // Samples: 2 and 2, then 3 and 1; means of means by sample: (2 g0 + 2 g1 + 3 g2 + 1 g3) / 8.
  put([8, 0], [0, 8]);
  opened.kernel.accumulate({ coefficients: [2 / 4, 2 / 4] });
  t.deepEqual(opened.read(opened.reduced), [4, 4]);
  put([8, 16], [-8, -16]);
  const { gradientNorm } = opened.kernel.run({
    step: 1,
    learningRate: 1,
    coefficients: [3 / 8, 1 / 8],
    carry: 4 / 8,
  });
  // [2, 2] + [2, 4] = [4, 6]
  t.is(gradientNorm, Math.sqrt(52));
  const clip = 1 / (Math.sqrt(52) + 1e-6);
  opened.read(opened.weights).forEach((weight, index) => {
    t.true(Math.abs(weight + clip * ([4, 6][index] ?? NaN)) < 1e-6);
  });
});

test('an accumulation in slices gives the bits of one on this thread', async (t) => {
  const whole = openOptimizer({ name: 'sgd' }, parameters, { shards: coefficients.length });
  const sliced = openOptimizer({ name: 'sgd' }, parameters, { shards: coefficients.length });
  for (const [step, carry] of [0, 0.5].entries()) {
    [whole, sliced].forEach((opened) => fillGradients(opened, step));
    whole.kernel.accumulate({ coefficients, carry });
    const send = async (task: SliceTask): Promise<PassResult> => runSlice(sliced.kernel, task);
    await accumulateInSlices(sliced.kernel, { coefficients, carry }, { slices: 3, here: true, send });
    sameBits(t, new Map([['reduced', sliced.reduced]]), new Map([['reduced', whole.reduced]]));
  }
  t.true(whole.reduced.every(Number.isFinite));
});

test('wrong shards or regions are refused before anything is written', (t) => {
  const { kernel, optimizer, arena, regions } = openOptimizer({ name: 'lars' }, { 'a/kernel': [1] });
  const step = { step: 1, learningRate: 1 };
  t.throws(() => kernel.run({ ...step, coefficients: [1, 1] }), { message: /2 coefficients for 1 shards/ });
  t.throws(() => kernel.run({ ...step, coefficients: [0] }), { message: /not 0/ });
  t.throws(() => optimizer.bind(arena.memory, { ...regions, states: [] }), { message: /0 state regions for 1/ });
  t.throws(() => optimizer.bind(arena.memory, { ...regions, length: 0 }), { message: /end at 16/ });
  const { reduced: _, ...without } = regions;
  t.true(optimizer.needsReduced);
  t.throws(() => optimizer.bind(arena.memory, without), { message: /reduced/ });
});
