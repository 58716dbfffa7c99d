import { Piscina } from 'piscina';
import { AnswerWatch, endThreads, type Patience } from '../base/answer-watch.js';
import { ConvoyError, reviveError } from '../base/errors.js';
import type { WorkerReply, WorkerSetup, WorkerTask } from './messages.js';

/** A task is given up when it failed this often: by then the fault is the task's, not a worker's. */
const maximumTries = 3;

function stepFailure(cause: Error): ConvoyError {
  const text = `Expected the optimizer's step to succeed but a worker failed in it, which leaves weights half moved: ${cause.message}; --resume goes on from the last checkpoint`;
  return new ConvoyError('CONVOY_WORKER', text, {}, cause);
}

/** A finished task: who did it and when, for phases and traces. */
export type DoneReply = Extract<WorkerReply, { kind: 'done' }>;

export interface GradientPoolOptions {
  readonly workers: number;
  readonly setup: WorkerSetup;
  /** How long a worker is waited for; default: for ever. */
  readonly patience?: Patience;
  /** Another worker module, for tests of failing workers. */
  readonly workerFile?: URL;
  /** Told of every failure that was made good by another try. */
  readonly onRetry?: (task: WorkerTask, error: Error) => void;
}

/**
 * The gradient workers: threads that take any task in any order, each with its own engine over the shared arena.
 *
 * A worker that exits is replaced by piscina, one whose engine throws makes itself a new one; either way the task is
 * done again, and since a task writes nothing but its own slots, the result is the same. Only a part of the optimizer's
 * step, which moves weights as it goes, cannot be done twice.
 */
export class GradientPool {
  readonly workers: number;
  readonly #pool: Piscina;
  readonly #watch: AnswerWatch;
  readonly #onRetry: GradientPoolOptions['onRetry'];
  #closing = false;

  constructor({ workers, setup, workerFile, onRetry, patience = {} }: GradientPoolOptions) {
    this.workers = workers;
    this.#watch = new AnswerWatch(patience, 'computes a batch');
    this.#onRetry = onRetry;
    this.#pool = new Piscina({
      filename: (workerFile ?? new URL('../../workers/gradient.js', import.meta.url)).href,
      workerData: setup,
      minThreads: workers,
      maxThreads: workers,
      idleTimeout: Number.POSITIVE_INFINITY,
      // Between tasks a worker waits on an Atomics: hand-over costs microseconds (design, fact 7).
      atomics: 'sync',
      recordTiming: false,
    });
    // A worker that dies between tasks is replaced; its error reaches the task that it had, if any.
    this.#pool.on('error', () => undefined);
  }

  /**
   * Runs one task to its end, on another worker if the first fails.
   *
   * @param hasStepped whether the task has begun to move weights, which cannot be done twice.
   * @throws ConvoyError what the worker threw, when it is a ConvoyError or came three times, or at once from a step;
   * `CONVOY_ABORTED` when the pool was closed meanwhile; `CONVOY_WORKER` or `CONVOY_ABORTED` when no answer comes.
   */
  async run(task: WorkerTask, hasStepped: () => boolean = () => false): Promise<DoneReply> {
    let last: Error | undefined;
    for (let tries = 0; tries < maximumTries; tries++) {
      if (last !== undefined) {
        if (task.kind === 'step' || hasStepped()) throw stepFailure(last);
        this.#onRetry?.(task, last);
      }
      let reply: WorkerReply;
      try {
        reply = (await this.#watch.wait(this.#pool.run(task))) as WorkerReply;
      } catch (error) {
        if (error instanceof ConvoyError) throw error; // no answer
        if (this.#closing) throw new ConvoyError('CONVOY_ABORTED', 'The gradient pool was closed', {}, error);
        last = error as Error;
        continue;
      }
      if (reply.kind === 'done') return reply;
      const error = reviveError(reply.error);
      if (error.code !== 'CONVOY_WORKER') throw error;
      last = error;
    }
    if (last !== undefined && hasStepped()) throw stepFailure(last);
    throw new ConvoyError(
      'CONVOY_WORKER',
      `Expected the ${task.kind} task to succeed but it failed on ${maximumTries} workers in a row: ${last?.message}`,
      {},
      last,
    );
  }

  /** Ends the threads; tasks under way are given up. */
  async close(): Promise<void> {
    this.#closing = true;
    await endThreads(this.#pool.destroy());
  }
}
