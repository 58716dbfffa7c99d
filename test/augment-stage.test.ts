import test from 'ava';
import type { BatchSlot, Dataset } from '../src/contracts/index.js';
import { permutation, RandomStream } from '../src/random.js';
import { createAugmentStage, createGatherStage, parseAugment, type AugmentSpec } from '../augment/index.js';

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
async function twoEpochs(dataset: Dataset, transforms: AugmentSpec, { workers, batchSize, from = 0 }: Pass): Promise<Buffer[]> {
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
  for (const pass of [{ workers: 2, batchSize: 64 }, { workers: 3, batchSize: 1000 }, { workers: 1, batchSize: 8_999 }]) {
    const other = await twoEpochs(dataset, transforms, pass);
    t.true(other[0]?.equals(reference[0] as Buffer), JSON.stringify(pass));
    t.true(other[1]?.equals(reference[1] as Buffer), JSON.stringify(pass));
  }
});

test('a run resumed inside an epoch sees the same pixels', async (t) => {
  const dataset = smallDataset(9_000);
  const whole = await twoEpochs(dataset, transforms, { workers: 1, batchSize: 50 });
  for (const from of [50, 8_150, 8_200, 8_950]) {
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
    t.deepEqual([...(slots[0]?.labels?.subarray(0, size) ?? [])], [...samples].map((sample) => sample % 7));
    t.deepEqual(slots[0]?.labels, slots[1]?.labels);
  }
  await stage.close();
  await gather.close();
});
