import { type ConfigInput, resolveConfig } from '../config/index.js';
import type { ImageShape } from '../contracts/index.js';
import type { StepOutcome } from '../coordinator/index.js';
import { openRuntime, type Runtime } from '../runtime/index.js';
import { endlessSteps, shortened, type TrainedBatch } from '../training/index.js';
import { syntheticDatasets } from './synthetic.js';

/** What to train while measuring. */
export interface StepSetup {
  readonly config: ConfigInput;
  /** Sizes of synthetic data; without it `config.dataset` is opened. */
  readonly image?: ImageShape;
  readonly classes?: number;
  readonly dataDir?: string;
}

/** Where the time of a step goes; one after the other they are the whole step. */
export const stepPhases = ['data', 'compute', 'imbalance', 'handover', 'allReduce', 'optimizer', 'rest'] as const;
export type StepPhase = (typeof stepPhases)[number];

/** What a round of steps took. */
export interface StepRound {
  readonly steps: number;
  readonly images: number;
  readonly seconds: number;
  /**
   * Milliseconds a step: waiting for data; computing gradients (mean of the workers); waiting for the slowest of them;
   * tasks to workers and answers back; all-reduce; optimizer; everything else on the main thread.
   */
  readonly milliseconds: Readonly<Record<StepPhase, number>>;
  /** Resident memory of the process afterwards, in bytes. */
  readonly residentBytes: number;
  /** Most that was resident since the process started, in bytes. */
  readonly peakBytes: number;
  /** Milliseconds from the start of the process to the end of this round. */
  readonly sinceStart: number;
}

/** Batches of synthetic data; more than fit in a cache for all but tiny networks. */
const syntheticBatches = 8;

/** Trains as `Trainer` does, round after round of full batches, and times the phases. */
export class StepSession {
  readonly runtime: Runtime;
  readonly #steps: AsyncGenerator<TrainedBatch, never, void>;

  private constructor(runtime: Runtime) {
    this.runtime = runtime;
    this.#steps = endlessSteps(runtime, { wholeBatches: true });
  }

  /**
   * Opens everything that a training needs.
   *
   * @throws ConvoyError what `openRuntime` throws.
   */
  static async open({ config: input, image, classes = 10, dataDir }: StepSetup): Promise<StepSession> {
    const config = shortened(resolveConfig({ where: 'config', input }));
    const datasets = image && syntheticDatasets(image, classes, syntheticBatches * config.batchSize);
    const runtime = await openRuntime({
      config,
      ...(datasets && { datasets }),
      ...(dataDir === undefined ? {} : { dataDir }),
    });
    return new StepSession(runtime);
  }

  /** Takes `steps` optimizer steps. */
  async round(steps: number): Promise<StepRound> {
    const { workers } = this.runtime;
    const totals = Object.fromEntries(stepPhases.map((phase) => [phase, 0])) as Record<StepPhase, number>;
    let images = 0;
    const began = performance.now();
    for (let done = 0; done < steps; ) {
      const { value: batch } = await this.#steps.next();
      totals.data += batch.started - batch.waited;
      addGradientPhases(totals, batch.outcome, workers);
      totals.allReduce += 1000 * batch.outcome.allReduce;
      totals.optimizer += 1000 * batch.outcome.optimizer;
      images += batch.samples;
      if (batch.stepped) done += 1;
    }
    const ended = performance.now();
    totals.rest = ended - began - Object.values(totals).reduce((sum, value) => sum + value, 0);
    for (const phase of stepPhases) totals[phase] /= steps;
    return {
      steps,
      images,
      seconds: (ended - began) / 1000,
      milliseconds: totals,
      residentBytes: process.memoryUsage.rss(),
      peakBytes: 1024 * process.resourceUsage().maxRSS,
      sinceStart: ended,
    };
  }

  async close(): Promise<void> {
    await this.#steps.return(undefined as never);
    await this.runtime.close();
  }
}

function addGradientPhases(
  totals: Record<StepPhase, number>,
  { replies, gradients, products }: StepOutcome,
  workers: number,
): void {
  const busy = new Map<number, number>();
  for (const { thread, started, ended } of replies) busy.set(thread, (busy.get(thread) ?? 0) + ended - started);
  const times = [...busy.values()];
  const longest = Math.max(...times);
  // A worker without a task waits for the others: that is imbalance too.
  const mean = times.reduce((sum, value) => sum + value, 0) / Math.max(1, Math.min(workers, replies.length));
  totals.compute += mean + 1000 * products;
  totals.imbalance += longest - mean;
  totals.handover += 1000 * gradients - longest;
}
