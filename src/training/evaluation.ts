import type { BatchStage } from '../contracts/index.js';
import { type Coordinator, everyBatch, type ReadyBatch, type Sums } from '../coordinator/index.js';
import { type Arena, type RunLayout, slotNames } from '../memory/index.js';
import { meanLoss } from './epoch-meter.js';

/** Loss and accuracy over a split. */
export interface Scores {
  readonly loss: number;
  readonly accuracy: number;
}

/** One batch's outputs [count, outputLength]; valid during the call only. */
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
  const sums: Sums[] = [];
  const work = async (batch: ReadyBatch): Promise<void> => {
    sums[batch.position / layout.capacity] = await coordinator.evaluate(batch);
    const slot = arena.slot(slotNames.outputs(batch.slot));
    onOutputs?.(arena.float32(slot, 0, batch.count * layout.outputLength), batch);
  };
  const { share } = coordinator;
  await everyBatch({ stage, slots, count, capacity: layout.capacity, share, work, onBatch, signal });
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
