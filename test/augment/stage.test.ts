import test from 'ava';
import { type AugmentSpec, parseAugment } from '../../augment/spec/index.js';
import { decodeThreads, workersFor } from '../../augment/stage/auto.js';
import { createAugmentStage, createGatherStage } from '../../augment/stage/index.js';
import { AugmentPool } from '../../augment/stage/pool.js';
import { ConvoyError } from '../../src/base/errors.js';
import { permutation, RandomStream } from '../../src/base/random.js';
import type { BatchSlot, Dataset } from '../../src/contracts/index.js';

test('a sample that an epoch draws several times is augmented differently each time', async (t) => {
  const dataset = smallDataset(8);
  const slots = makeSlots(1, 8);
  const transforms = parseAugment('rotate:20,crop:2');
  const stage = await createAugmentStage({ dataset, slots, transforms, seed: 3, workers: 1, batchSize: 8 });
  try {
    const samples = Uint32Array.of(1, 1, 0, 1, 1, 2, 1, 1);
    stage.begin(0, samples, 0);
    await stage.fill({ epoch: 0, position: 0, samples, slot: 0 });
    const images = [...samples].map((sample, index) => ({
      sample,
      pixels: Buffer.from(slots[0]?.pixels.slice(index * bytes, (index + 1) * bytes) ?? []).toString('hex'),
    }));
    const ofOne = images.filter(({ sample }) => sample === 1).map(({ pixels }) => pixels);
    t.is(new Set(ofOne).size, 6);
  } finally {
    await stage.close();
  }
});

const shape = { height: 12, width: 12, channels: 3 };
const bytes = 12 * 12 * 3;

function smallDataset(count: number): Dataset {
  const stream = new RandomStream(9, 'test');
  const pixels = new Uint8Array(new SharedArrayBuffer(count * bytes));
  for (let i = 0; i < pixels.length; i++) pixels[i] = stream.below(256);
  const labels = new Int32Array(new SharedArrayBuffer(count * 4));
  for (let i = 0; i < count; i++) labels[i] = i % 7;
  return {
    name: 'noise',
    split: 'train',
    count,
    classes: ['a', 'b', 'c', 'd', 'e', 'f', 'g'],
    shape,
    store: { kind: 'pixels', pixels },
    targets: { kind: 'classes', labels },
    fingerprint: '',
  };
}

function makeSlots(count: number, capacity: number): BatchSlot[] {
  return Array.from({ length: count }, () => ({
    pixels: new Uint8Array(new SharedArrayBuffer(capacity * bytes)),
    labels: new Int32Array(new SharedArrayBuffer(capacity * 4)),
  }));
}

interface Pass {
  readonly workers: number;
  readonly batchSize: number;
  readonly from?: number;
}

/** Pixels of two epochs, in order, made by a stage; asked for two batches ahead. */
async function twoEpochs(
  dataset: Dataset,
  transforms: AugmentSpec,
  { workers, batchSize, from = 0 }: Pass,
): Promise<Buffer[]> {
  const slots = makeSlots(3, batchSize);
  const stage = await createAugmentStage({ dataset, slots, transforms, seed: 3, workers, batchSize });
  const orders = [0, 1].map((epoch) => permutation(dataset.count, new RandomStream(3, 'shuffle', epoch)));
  const results: Buffer[] = [];
  try {
    stage.begin(4, orders[0] ?? new Uint32Array(), from);
    stage.begin(5, orders[1] ?? new Uint32Array(), 0);
    for (const [index, order] of orders.entries()) {
      const start = index === 0 ? from : 0;
      const pixels = Buffer.alloc((order.length - start) * bytes);
      const waiting: { promise: Promise<void>; position: number; size: number; slot: BatchSlot }[] = [];
      const take = async (): Promise<void> => {
        const done = waiting.shift();
        if (done === undefined) return;
        await done.promise;
        pixels.set(done.slot.pixels.subarray(0, done.size * bytes), (done.position - start) * bytes);
      };
      let turn = 0;
      for (let position = start; position < order.length; position += batchSize) {
        if (waiting.length === slots.length) await take();
        const samples = order.slice(position, position + batchSize);
        const slot = turn++ % slots.length;
        const promise = stage.fill({ epoch: 4 + index, position, samples, slot });
        waiting.push({ promise, position, size: samples.length, slot: slots[slot] as BatchSlot });
      }
      while (waiting.length > 0) await take();
      results.push(pixels);
    }
  } finally {
    await stage.close();
  }
  return results;
}

const transforms = parseAugment('flip,crop:2,rotate:15,brightness,erase');

test('pixels are the same bytes for any number of threads and any batch size', async (t) => {
  const dataset = smallDataset(9_000); // windows of 8192
  const reference = await twoEpochs(dataset, transforms, { workers: 1, batchSize: 64 });
  t.false((reference[0] as Buffer).equals(reference[1] as Buffer));
  for (const pass of [
    { workers: 2, batchSize: 1000 },
    { workers: 3, batchSize: 8_999 },
  ]) {
    const other = await twoEpochs(dataset, transforms, pass);
    t.true(other[0]?.equals(reference[0] as Buffer), JSON.stringify(pass));
    t.true(other[1]?.equals(reference[1] as Buffer), JSON.stringify(pass));
  }
});

test('a run resumed inside an epoch sees the same pixels', async (t) => {
  const dataset = smallDataset(9_000);
  const whole = await twoEpochs(dataset, transforms, { workers: 1, batchSize: 50 });
  for (const from of [8_150, 8_200]) {
    const resumed = await twoEpochs(dataset, transforms, { workers: 2, batchSize: 50, from });
    t.true(resumed[0]?.equals((whole[0] as Buffer).subarray(from * bytes)), `from ${from}`);
    t.true(resumed[1]?.equals(whole[1] as Buffer), `from ${from}`);
  }
});

test('without transforms the pool and the plain copies give the same bytes and labels', async (t) => {
  const dataset = smallDataset(100);
  const slots = makeSlots(2, 30);
  const stage = await createAugmentStage({ dataset, slots, transforms: [], seed: 1, workers: 1, batchSize: 30 });
  const gather = createGatherStage({ dataset, slots });
  const order = permutation(100, new RandomStream(1, 'test'));
  stage.begin(0, order, 0);
  gather.begin(0, order, 0);
  for (let position = 0; position < 100; position += 30) {
    const samples = order.slice(position, position + 30);
    await stage.fill({ epoch: 0, position, samples, slot: 0 });
    await gather.fill({ epoch: 0, position, samples, slot: 1 });
    const size = samples.length;
    const [made, copied] = slots.map((slot) => Buffer.from(slot.pixels.subarray(0, size * bytes)));
    t.true(made?.equals(copied ?? Buffer.alloc(0)));
    t.deepEqual(
      [...(slots[0]?.labels?.subarray(0, size) ?? [])],
      [...samples].map((sample) => sample % 7),
    );
    t.deepEqual(slots[0]?.labels, slots[1]?.labels);
  }
  await stage.close();
  await gather.close();
});

test('a stage closes while windows are queued and batches are waited for', async (t) => {
  const dataset = smallDataset(9_000);
  const slots = makeSlots(4, 9_000);
  const stage = await createAugmentStage({ dataset, slots, transforms, seed: 1, workers: 1, batchSize: 9_000 });
  const order = Uint32Array.from({ length: 9_000 }, (_, index) => index);
  for (let epoch = 0; epoch < 4; epoch++) stage.begin(epoch, order, 0);
  const fills = [0, 1, 2, 3].map((epoch) => stage.fill({ epoch, position: 0, samples: order, slot: epoch }));
  const settled = Promise.allSettled(fills);
  await stage.close();
  for (const result of await settled) {
    t.true(
      result.status === 'fulfilled' ||
        (result.reason instanceof ConvoyError && result.reason.code === 'CONVOY_ABORTED'),
    );
  }
  t.true((await settled).some(({ status }) => status === 'rejected'));
  await t.throwsAsync(stage.fill({ epoch: 3, position: 0, samples: order, slot: 0 }), { instanceOf: ConvoyError });
  await stage.close();
});

test('an epoch that is given up makes room for the next', async (t) => {
  const dataset = smallDataset(9_000);
  const slots = makeSlots(1, 100);
  const stage = await createAugmentStage({ dataset, slots, transforms, seed: 1, workers: 1, batchSize: 100 });
  const order = Uint32Array.from({ length: 9_000 }, (_, index) => index);
  for (let epoch = 0; epoch < 4; epoch++) {
    stage.begin(epoch, order, 0);
    for (const position of [0, 100]) {
      await stage.fill({ epoch, position, samples: order.slice(position, position + 100), slot: 0 });
    }
  }
  const { images, windowSize, bytes: ring } = stage.stats();
  t.true(images >= 4 * windowSize);
  t.true(ring <= 4 * windowSize * bytes);
  await stage.close();
});

test('a batch that was never announced, or twice asked for, is refused', async (t) => {
  const dataset = smallDataset(300);
  const slots = makeSlots(1, 300);
  const stage = await createAugmentStage({ dataset, slots, transforms, seed: 1, workers: 1, batchSize: 300 });
  const order = Uint32Array.from({ length: 300 }, (_, index) => index);
  const request = { epoch: 0, position: 0, samples: order, slot: 0 };
  await t.throwsAsync(stage.fill(request), { message: /epoch that has begun/ });
  stage.begin(0, order, 0);
  t.throws(() => stage.begin(0, order, 0), { message: /later than those/ });
  await stage.fill(request);
  await t.throwsAsync(stage.fill(request), { message: /not been asked for/ });
  await t.throwsAsync(stage.fill({ ...request, slot: 1 }), { message: /integer from 0 to 0 for request\.slot/ });
  await stage.close();
});

test('a thread that ends in the middle of a window is replaced and the window is the same', async (t) => {
  const dataset = smallDataset(4_000);
  const setup = { dataset, transforms, seed: 1 };
  const samples = Uint32Array.from({ length: 4_000 }, (_, index) => index);
  const render = async (disturb: boolean): Promise<Buffer> => {
    const pool = new AugmentPool(setup, 1);
    const pixels = new Uint8Array(new SharedArrayBuffer(4_000 * bytes));
    try {
      await pool.run({ kind: 'scan', samples: new Uint32Array() }); // the thread is up
      const done = pool.run({ kind: 'render', epoch: 0, window: 0, samples, pixels });
      if (disturb) await pool.threads[0]?.terminate();
      await done;
    } finally {
      await pool.close();
    }
    return Buffer.from(pixels);
  };
  t.true((await render(true)).equals(await render(false)));
});

test('a wrong number of workers is refused', async (t) => {
  const dataset = smallDataset(1);
  for (const workers of [0, 1.5, -1, 257]) {
    const options = { dataset, slots: [], transforms, seed: 1, workers, batchSize: 1 };
    await t.throwsAsync(createAugmentStage(options), { message: /integer from 1 to 256 or auto for augment workers/ });
  }
});

test('auto takes as many threads as training needs, at most half the cores', (t) => {
  // Eight cores train 16,000 images of 32x32x3 a second.
  t.is(workersFor(30_000, 3072, 8), 1);
  t.is(workersFor(6_000, 3072, 8), 3);
  t.is(workersFor(100, 3072, 8), 4);
  t.is(workersFor(100, 3072, 2), 1);
  // Images of 224x224x3 are 49 times as large: 16,000 / 49 = 327 a second.
  t.is(workersFor(200, 224 * 224 * 3, 8), 2);
  t.deepEqual([1, 2, 4, 8, 64].map(decodeThreads), [1, 1, 2, 4, 4]);
});
