import test from 'ava';
import type { BatchRequest, BatchStage } from '../../src/contracts/index.js';
import { BatchFeeder, EpochFeeds } from '../../src/coordinator/feeder.js';
import { epochOrder } from '../../src/data/index.js';

/** A stage whose fills end when the test says so. */
class HeldStage implements BatchStage {
  readonly begun: { epoch: number; from: number }[] = [];
  readonly requests: { request: BatchRequest; end: (error?: Error) => void }[] = [];

  begin(epoch: number, _order: Uint32Array, from: number): void {
    this.begun.push({ epoch, from });
  }

  fill(request: BatchRequest): Promise<void> {
    return new Promise((resolve, reject) => {
      this.requests.push({ request, end: (error) => (error === undefined ? resolve() : reject(error)) });
    });
  }

  async close(): Promise<void> {
    await Promise.resolve();
  }

  /** Position, slot and samples of every request so far. */
  get asked(): unknown[] {
    return this.requests.map(({ request }) => [request.position, request.slot, [...request.samples]]);
  }

  end(index: number, error?: Error): void {
    this.requests[index]?.end(error);
  }
}

function feeder(
  stage: BatchStage,
  options: { count?: number; batchSize?: number; from?: number; slots?: number[] } = {},
): BatchFeeder {
  const { count = 7, batchSize = 3, from = 0, slots = [4, 5] } = options;
  const order = Uint32Array.from({ length: count }, (_, index) => 10 * index);
  return new BatchFeeder({ stage, epoch: 2, order, batchSize, from, slots });
}

test('batches are asked for and given in the order of the epoch, never more than there are slots', async (t) => {
  const stage = new HeldStage();
  const batches = feeder(stage);
  t.deepEqual(stage.begun, [{ epoch: 2, from: 0 }]);
  batches.prefetch();
  batches.prefetch();
  t.deepEqual(stage.asked, [
    [0, 4, [0, 10, 20]],
    [3, 5, [30, 40, 50]],
  ]);
  stage.end(1); // the second is ready first, and waits for its turn
  stage.end(0);
  const first = await batches.next();
  t.deepEqual(first, { slot: 4, count: 3, position: 0 });
  t.deepEqual(await batches.next(), { slot: 5, count: 3, position: 3 });
  batches.prefetch();
  t.is(stage.requests.length, 2, 'no slot is free before one is released');
  batches.release({ slot: 4, count: 3, position: 0 });
  batches.prefetch();
  t.deepEqual(stage.asked.at(-1), [6, 4, [60]]);
  stage.end(2);
  t.deepEqual(await batches.next(), { slot: 4, count: 1, position: 6 });
  t.is(await batches.next(), undefined);
});

test('a batch is not given before its slot is filled', async (t) => {
  const stage = new HeldStage();
  const batches = feeder(stage, { slots: [0] });
  let given = false;
  const next = batches.next().then((batch) => {
    given = true;
    return batch;
  });
  await Promise.resolve();
  t.false(given);
  stage.end(0);
  t.is((await next)?.position, 0);
});

test('a resumed epoch begins at its position', (t) => {
  const stage = new HeldStage();
  feeder(stage, { from: 3 }).prefetch();
  t.deepEqual(stage.begun, [{ epoch: 2, from: 3 }]);
  t.deepEqual(stage.asked, [
    [3, 4, [30, 40, 50]],
    [6, 5, [60]],
  ]);
});

test('what the stage finds wrong is met where the batch is taken, not before', async (t) => {
  const stage = new HeldStage();
  const batches = feeder(stage);
  batches.prefetch();
  stage.end(1, new Error('bad image'));
  stage.end(0);
  t.is((await batches.next())?.position, 0);
  await t.throwsAsync(batches.next(), { message: 'bad image' });
});

test('draining waits for every fill under way, failed ones included', async (t) => {
  const stage = new HeldStage();
  const batches = feeder(stage);
  batches.prefetch();
  let drained = false;
  const drain = batches.drain().then(() => {
    drained = true;
  });
  stage.end(0, new Error('bad image'));
  await Promise.resolve();
  t.false(drained);
  stage.end(1);
  await drain;
  t.true(drained);
});

test('an order without samples has no batch', async (t) => {
  t.is(await feeder(new HeldStage(), { count: 0 }).next(), undefined);
});

test('the next epoch is announced with its own order once the last batch has been asked for, and only then', async (t) => {
  const stage = new HeldStage();
  const source = { stage, trainSlots: [0, 1], config: { seed: 6, batchSize: 2 }, datasets: { train: { count: 5 } } };
  const feeds = new EpochFeeds(source);
  const first = feeds.open(3, 2, 5); // resumed after the first batch of an epoch: two are left
  t.deepEqual(stage.begun, [{ epoch: 3, from: 2 }]);
  first.prefetch();
  t.deepEqual(stage.begun, [
    { epoch: 3, from: 2 },
    { epoch: 4, from: 0 },
  ]);
  for (const index of [0, 1]) {
    stage.end(index);
    const batch = await first.next();
    if (batch !== undefined) first.release(batch);
  }
  t.is(await first.next(), undefined);

  const second = feeds.open(4, 0, 5);
  second.prefetch();
  t.is(stage.begun.length, 2, 'an announced epoch does not begin again');
  const order = epochOrder(6, 4, 5);
  t.deepEqual(stage.asked.slice(2), [
    [0, 0, [...order.slice(0, 2)]],
    [2, 1, [...order.slice(2, 4)]],
  ]);
  stage.end(2);
  const batch = await second.next();
  if (batch !== undefined) second.release(batch);
  second.prefetch();
  t.deepEqual(stage.asked.at(-1), [4, 0, [...order.slice(4)]]);
  t.is(stage.begun.length, 2, 'no epoch follows the last');
});
