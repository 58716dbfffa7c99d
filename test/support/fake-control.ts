import type { ExecutionContext } from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import type { Callback, Control, EpochRecord } from '../../src/callbacks/index.js';

/** A trainer that only remembers: its weights are the number of the epoch. */
export class FakeControl implements Control {
  weights = 0;
  kept = 0;
  reason: string | undefined;
  checkpoints = new Set<string>();

  stop(reason: string): void {
    this.reason ??= reason;
  }
  keepBest(): void {
    this.kept = this.weights;
  }
  restoreBest(): void {
    this.weights = this.kept;
  }
  setLearningRateScale(): void {}
  async saveCheckpoint(name: string): Promise<void> {
    this.checkpoints.add(name);
  }
  async removeCheckpoint(name: string): Promise<void> {
    this.checkpoints.delete(name);
  }
}

export function record(epoch: number, loss: number, accuracy = 0.5): EpochRecord {
  return {
    epoch,
    steps: epoch * 10,
    learningRate: 0.1,
    train: { loss: 1, accuracy: 0.25 },
    test: { loss, accuracy },
    imagesPerSecond: 100,
    seconds: 2,
    phases: { data: 0.25, gradients: 1, allReduce: 0.125, optimizer: 0.125, evaluation: 0.5 },
  };
}

/** Runs epochs until the callback stops the run; returns the control and the last epoch. */
export async function run(callback: Callback, losses: readonly number[], control = new FakeControl(), first = 1) {
  let epoch = first - 1;
  for (const loss of losses) {
    epoch++;
    control.weights = epoch;
    await callback.onEpochEnd?.(record(epoch, loss), control);
    if (control.reason !== undefined) break;
  }
  return { control, epoch };
}

export function code(t: ExecutionContext, run: () => unknown): string | undefined {
  return t.throws(run, { instanceOf: ConvoyError })?.code;
}
