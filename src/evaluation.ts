import type { BatchStage } from './contracts/index.js';
import type { Coordinator, Sums } from './coordinator.js';
import { meanLoss } from './epoch-meter.js';
import { BatchFeeder, type ReadyBatch } from './feeder.js';
import { type Arena, type RunLayout, slotNames } from './memory/index.js';

/** Loss and accuracy over a split. */
export interface Scores {
  readonly loss: number;
  readonly accuracy: number;
}

/** One batch's outputs [count, classes]; valid during the call only. */
export type OutputsListener = (outputs: Float32Array, batch: ReadyBatch) => void;

export interface EvaluationOptions {
  readonly stage: BatchStage;
  readonly coordinator: Coordinator;
  readonly arena: Arena;
  readonly layout: RunLayout;
  /** Slots it may use; as many batches are in flight. */
  readonly slots: readonly number[];
  /** Samples in the split. */
  readonly count: number;
  /** Told the outputs of each batch, in no particular order. */
  readonly onOutputs?: OutputsListener;
  readonly onBatch?: (done: number) => void;
  readonly signal?: AbortSignal;
}

/**
 * Evaluates every sample of a split once, in file order, on all workers. Sums are added in the order of batches and
 * shards, so the result does not depend on which worker was quicker.
 *
 * @throws the signal's reason when it is aborted.
 */
export async function evaluateSplit(options: EvaluationOptions): Promise<Scores> {
  const { stage, coordinator, arena, layout, slots, count, onOutputs, onBatch, signal } = options;
  const order = Uint32Array.from({ length: count }, (_, index) => index);
  const feeder = new BatchFeeder({ stage, epoch: 0, order, batchSize: layout.capacity, slots });
  const running = new Set<Promise<void>>();
  const sums: Sums[] = [];
  const failures: unknown[] = [];
  let done = 0;
  const evaluate = async (batch: ReadyBatch): Promise<void> => {
    sums[batch.position / layout.capacity] = await coordinator.evaluate(batch);
    const slot = arena.slot(slotNames.outputs(batch.slot));
    onOutputs?.(arena.float32(slot, 0, batch.count * layout.classes), batch);
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
      const task: Promise<void> = evaluate(batch)
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
  let lossSum = 0;
  let weightSum = 0;
  let correct = 0;
  for (const part of sums) {
    lossSum += part.lossSum;
    weightSum += part.weightSum;
    correct += part.correct;
  }
  return { loss: meanLoss({ lossSum, weightSum }) + (sums[0]?.regularization ?? 0), accuracy: correct / count };
}
