import { once } from 'node:events';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { ArenaPlan } from '../../src/memory/arena.js';
import { loadNative } from '../../src/native/index.js';
import { subnormalProducts } from '../support/subnormals.js';

/**
 * Written by TensorFlow 2.21's Python SavedModel builder: placeholders x [n, 2], weights [2, 2] and slot [1, 4];
 * `product` = x weights; `written` = InplaceUpdate of slot's row 0 by xᵀ product; `done` = the first element of it.
 */
const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../../test/fixtures/native');
const native = await loadNative();

test('A graph reads weights from shared memory at every run and writes into it', async (t) => {
  const before = native.tensorCount();
  const plan = new ArenaPlan();
  const xSlot = plan.add('x', 'float32', 4);
  const weightsSlot = plan.add('weights', 'float32', 4);
  const writtenSlot = plan.add('written', 'float32', 4);
  const arena = plan.create();
  const weights = arena.float32(weightsSlot);
  const written = arena.float32(writtenSlot);
  arena.float32(xSlot).set([1, 2, 3, 4]);
  const inputs = [
    native.wrap(arena.float32(xSlot), [2, 2]),
    native.wrap(weights, [2, 2]),
    native.wrap(written, [1, 4]),
  ];
  const graph = await native.loadGraph(folder);

  // [1 2; 3 4] times the identity is itself; [1 3; 2 4] [1 2; 3 4] = [10 14; 14 20].
  weights.set([1, 0, 0, 1]);
  const first = graph.run(inputs, ['x:0', 'weights', 'slot'], ['product', 'done:0']);
  t.deepEqual(
    first.map((id) => [...native.read(id)]),
    [[1, 2, 3, 4], [10]],
  );
  t.deepEqual(native.shapeOf(first[1] as number), []);
  t.deepEqual([...written], [10, 14, 14, 20]);

  // Twice the identity, written into the arena only: everything doubles.
  weights.set([2, 0, 0, 2]);
  const second = graph.run(inputs, 'x,weights,slot', 'product,done');
  t.deepEqual(
    second.map((id) => [...native.read(id)]),
    [[2, 4, 6, 8], [20]],
  );
  t.deepEqual([...written], [20, 28, 28, 40]);

  for (const id of [...first, ...second, ...inputs]) native.release(id);
  graph.dispose();
  graph.dispose();
  t.is(native.tensorCount(), before);
  t.throws(() => graph.run(inputs, 'x,weights,slot', 'done'), { instanceOf: ConvoyError, message: /disposed/ });
});

test('What does not fit the graph is refused with the graph and the reason', async (t) => {
  const graph = await native.loadGraph(folder);
  const matrix = native.wrap(new Float32Array(6), [3, 2]);
  const wide = native.wrap(new Float32Array(9), [3, 3]);
  const expected = { instanceOf: ConvoyError, code: 'CONVOY_MODEL' };
  const noName = t.throws(() => graph.run([matrix], ['nothing'], ['product']), expected);
  t.true(noName.message.includes(folder));
  t.throws(() => graph.run([matrix], ['x', 'weights'], ['product']), expected);
  const misfit = t.throws(() => graph.run([matrix, wide], ['x', 'weights'], ['product']), expected);
  t.regex(misfit.message, /3,3/);
  for (const id of [matrix, wide]) native.release(id);
  graph.dispose();
});

test('Graphs take subnormal numbers as zero, whoever asks for them, and leave JavaScript its own', async (t) => {
  const expected = { graph: 0, script: 2 ** -1040 };
  t.deepEqual(await subnormalProducts(native, folder), expected);
  const worker = new Worker(new URL('./graph.worker.js', import.meta.url), { workerData: folder });
  const [answer] = (await once(worker, 'message')) as [unknown];
  t.deepEqual(answer, expected);
});

test.serial(
  '1,000 runs leave the tensor count and the resident memory where they were after the first 100',
  async (t) => {
    const rows = 16_384; // a fetched product of 128 KiB: if each run lost one, 1,000 would lose 128 MiB
    const graph = await native.loadGraph(folder);
    const plan = new ArenaPlan();
    const x = plan.add('x', 'float32', 2 * rows);
    const weights = plan.add('weights', 'float32', 4);
    const slot = plan.add('slot', 'float32', 4);
    const arena = plan.create();
    const inputs = [
      native.wrap(arena.float32(x), [rows, 2]),
      native.wrap(arena.float32(weights), [2, 2]),
      native.wrap(arena.float32(slot), [1, 4]),
    ];
    const run = (times: number): void => {
      for (let i = 0; i < times; i++) {
        for (const id of graph.run(inputs, 'x,weights,slot', 'product,done')) native.release(id);
      }
    };
    run(100);
    const [tensors, resident] = [native.tensorCount(), process.memoryUsage.rss()];
    run(1000);
    t.is(native.tensorCount(), tensors);
    const growth = (process.memoryUsage.rss() - resident) / 2 ** 20;
    t.true(growth < 24, `resident memory grew by ${growth.toFixed(1)} MiB`);
    for (const id of inputs) native.release(id);
    graph.dispose();
  },
);
