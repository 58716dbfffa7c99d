/** Feeds a dataset to nobody: what the stage makes of it in an epoch, without training. */
import { createGatherStage } from '../../augment/stage/index.js';
import { type BatchSlot, type Dataset, imageBytes } from '../../src/contracts/index.js';
import { BatchFeeder } from '../../src/coordinator/index.js';
import { epochOrder } from '../../src/data/index.js';

const batchSize = 64;
const slotCount = 4;

/** Images a second of `epochs` shuffled epochs behind each other, after one that does not count. */
export async function feedRate(dataset: Dataset, epochs: number, workers: number): Promise<number> {
  const slots: BatchSlot[] = Array.from({ length: slotCount }, () => ({
    pixels: new Uint8Array(new SharedArrayBuffer(batchSize * imageBytes(dataset.shape))),
    labels: new Int32Array(new SharedArrayBuffer(batchSize * 4)),
  }));
  const stage = createGatherStage({ dataset, slots, workers });
  try {
    let started = 0;
    for (let epoch = 0; epoch <= epochs; epoch++) {
      if (epoch === 1) started = performance.now();
      const order = epochOrder(1, epoch, dataset.count);
      const feeder = new BatchFeeder({ stage, epoch, order, batchSize, slots: slots.map((_, index) => index) });
      for (let batch = await feeder.next(); batch !== undefined; batch = await feeder.next()) {
        feeder.release(batch);
        feeder.prefetch();
      }
    }
    return (1000 * epochs * dataset.count) / (performance.now() - started);
  } finally {
    await stage.close();
  }
}
