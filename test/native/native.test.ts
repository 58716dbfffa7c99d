import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { tf } from '../../src/base/tf.js';
import { ArenaPlan } from '../../src/memory/arena.js';
import { attributeNames } from '../../src/native/attributes.js';
import { loadNative } from '../../src/native/index.js';

const native = await loadNative();
const float = { name: 'T', kind: 'type', value: 'float32' } as const;

test('Aligned shared memory is wrapped without a copy: an op sees what is written later', (t) => {
  const plan = new ArenaPlan();
  plan.add('before', 'float32', 5);
  const slot = plan.add('weights', 'float32', 4);
  const weights = plan.create().float32(slot);
  weights.set([1, 2, 3, 4]);
  const before = native.tensorCount();
  const id = native.wrap(weights, [2, 2]);
  weights[0] = 10;
  const [square] = native.execute('Square', [float], [id], 1);
  t.deepEqual([...native.read(square as number)], [100, 4, 9, 16]);
  t.deepEqual(native.shapeOf(square as number), [2, 2]);
  native.release(square as number);
  native.release(id);
  t.is(native.tensorCount(), before);
});

test('Memory that is not aligned is copied when it is wrapped', (t) => {
  const view = new Float32Array(new SharedArrayBuffer(128), 4, 3);
  view.set([1, 2, 3]);
  const id = native.wrap(view, [3]);
  view[0] = 10;
  t.deepEqual([...native.read(id)], [1, 2, 3]);
  native.release(id);
});

test('Bytes, integers and types that JavaScript lacks are read as the nearest it has', (t) => {
  const before = native.tensorCount();
  const bytes = native.wrap(new Uint8Array([0, 127, 255]), [3]);
  t.deepEqual(native.read(bytes), new Uint8Array([0, 127, 255]));
  const integers = native.wrap(new Int32Array([-7, 1 << 30]), [1, 2]);
  t.deepEqual(native.read(integers), new Int32Array([-7, 1 << 30]));
  // 1.00390625 = 1 + 2^-8 lies halfway between two bfloat16 numbers (7 bits after the point); the even one is 1.
  const floats = native.wrap(new Float32Array([1.00390625, -2]), [2]);
  const [half] = native.execute(
    'Cast',
    [
      { name: 'SrcT', kind: 'type', value: 'float32' },
      { name: 'DstT', kind: 'type', value: 'bfloat16' },
    ],
    [floats],
    1,
  );
  t.deepEqual(native.read(half as number), new Float32Array([1, -2]));
  for (const id of [bytes, integers, floats, half as number]) native.release(id);
  t.is(native.tensorCount(), before);
});

test('A tensor goes to tfjs and back, and tfjs owns it', (t) => {
  const before = native.tensorCount();
  const input = tf.tensor1d([1, 2, 3]);
  const [negative] = native.execute('Neg', [float], [native.idOf(input)], 1);
  const tensor = native.toTensor(negative as number);
  t.deepEqual([...tensor.dataSync()], [-1, -2, -3]);
  tf.dispose([input, tensor]);
  t.is(native.tensorCount(), before);
});

test('Mistakes are told before or by TensorFlow, as ConvoyErrors', (t) => {
  const shape = t.throws(() => native.wrap(new Float32Array(3), [2, 2]), { instanceOf: ConvoyError });
  t.regex(shape.message, /Expected 4 elements for a tensor of shape \[2, 2\] but found 3/);
  t.throws(() => native.execute('NoSuchOp', [], [], 1), { instanceOf: ConvoyError, message: /NoSuchOp/ });
  const attribute = { name: 'noSuchAttribute', kind: 'int', value: 1 } as const;
  t.throws(() => native.execute('NoOp', [attribute], [], 0), { instanceOf: ConvoyError, message: /noSuchAttribute/ });
});

test('A graph that is not there is refused with its folder', async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'convoy-native-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const error = await t.throwsAsync(native.loadGraph(folder), { instanceOf: ConvoyError });
  t.is(error.code, 'CONVOY_MODEL');
  t.true(error.message.includes(folder));
});

test('Loading again gives the same object, and refuses thread counts that come too late', async (t) => {
  t.is(await loadNative(), native);
  t.is(await loadNative({ intraOpThreads: 1 }), native);
  const error = await t.throwsAsync(loadNative({ intraOpThreads: 3 }), { instanceOf: ConvoyError });
  t.is(error.code, 'CONVOY_OPTION');
  t.is(process.env['TF_NUM_INTRAOP_THREADS'], '1');
});

test('Nothing that oneDNN knows of the caches is left to correct', (t) => {
  const one = native.wrap(Float32Array.of(3), [1, 1]);
  const [product] = native.execute('MatMul', [{ name: 'T', kind: 'type', value: 'float32' }], [one, one], 1);
  t.deepEqual([...native.read(product as number)], [9]); // by now oneDNN has described the processor
  t.true((native.kernels.correctCaches?.() ?? 0) <= 0);
});

test('Every attribute name in the kernels of tfjs-node is among those filled in before workers start', (t) => {
  const sources = path.dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-node'));
  const files = readdirSync(sources, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.js') && !file.endsWith('_test.js'))
    .map((file) => path.join(sources, file))
    .filter((file) => statSync(file).isFile());
  const patterns = [/name: '(\w+)',\s*type:/g, /create(?:TensorsType)?OpAttr\)?\('(\w+)'/g];
  const found = new Set<string>();
  for (const file of files) {
    const text = readFileSync(file, 'utf8');
    for (const pattern of patterns) for (const match of text.matchAll(pattern)) found.add(match[1] as string);
  }
  t.true(found.size > 80, `only ${found.size} names found: the patterns no longer fit tfjs-node`);
  t.deepEqual(
    [...found].filter((name) => !attributeNames.has(name)),
    [],
  );
});

test('So is every attribute of our own ops', (t) => {
  const ops = new URL('../../../src/native/kernels/ops/', import.meta.url);
  const sources = readdirSync(ops).map((file) => readFileSync(new URL(file, ops), 'utf8'));
  const found = sources.flatMap((text) =>
    [...text.matchAll(/\.attribute\("(\w+):/g)].map(([, name]) => name as string),
  );
  t.true(found.length > 10, `only ${found.length} names found: the pattern no longer fits the ops`);
  t.deepEqual(
    found.filter((name) => !attributeNames.has(name)),
    [],
  );
});

test('Four workers that start together each run ops while the others load', async (t) => {
  const worker = new URL('./native.worker.js', import.meta.url);
  for (let start = 0; start < 2; start++) {
    const sums = await Promise.all(
      [1, 2, 3, 4].map(
        (value) =>
          new Promise<unknown>((resolve, reject) => {
            const thread = new Worker(worker, { workerData: value });
            let sum: unknown;
            thread.once('message', (message: unknown) => (sum = message));
            thread.once('error', reject);
            thread.once('exit', (code) => (code === 0 ? resolve(sum) : reject(new Error(`exit code ${code}`))));
          }),
      ),
    );
    // A 3x3 filter of ones over an image filled with v gives 9 v; times a row of two ones, summed: 18 v.
    t.deepEqual(sums, [18, 36, 54, 72]);
  }
});
