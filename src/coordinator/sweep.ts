import type { BatchStage } from '../contracts/index.js';
import type { BatchShare } from './batch-share.js';
import { BatchFeeder, type ReadyBatch } from './feeder.js';

export interface SweepOptions {
  /** Fills the slots. */
  readonly stage: BatchStage;
  /** Slots it may use; as many batches are in flight. */
  readonly slots: readonly number[];
  /** Samples in all, and in a batch at most. */
  readonly count: number;
  readonly capacity: number;
  /** Which samples of a batch are put into its slot; all by default. */
  readonly share?: BatchShare | undefined;
  /** What is done with each batch; its slot is filled anew once that has ended. */
  readonly work: (batch: ReadyBatch) => Promise<void>;
  readonly onBatch?: ((done: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Takes every sample of a split once, in file order, batch after batch, some of them at a time.
 *
 * @throws the signal's reason when it is aborted; what the stage or the work throws.
 */
export async function everyBatch({
  stage,
  slots,
  count,
  capacity,
  share,
  work,
  onBatch,
  signal,
}: SweepOptions): Promise<void> {
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  const feeder = new BatchFeeder({ stage, epoch: 0, order, batchSize: capacity, slots, share });
  const running = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let done = 0;
  const take = async (batch: ReadyBatch): Promise<void> => {
    await work(batch);
    feeder.release(batch);
    done += batch.count;
    onBatch?.(done);
  };
  try {
    for (;;) {
      feeder.prefetch();
      const batch = await feeder.next();
      if (batch === undefined) {
        if (running.size === 0) break;
        await Promise.race(running); // all slots may be in flight while samples are left
        continue;
      }
      signal?.throwIfAborted();
      const task: Promise<void> = take(batch)
        .catch((error: unknown) => {
          failures.push(error);
        })
        .finally(() => running.delete(task));
      running.add(task);
      if (running.size === slots.length) await Promise.race(running);
      if (failures.length > 0) break;
    }
  } finally {
    await Promise.all(running);
    await feeder.drain();
  }
  if (failures.length > 0) throw failures[0];
}
