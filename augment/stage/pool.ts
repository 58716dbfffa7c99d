/** The stage's threads: a piscina pool that does a task again when its thread died under it. */
import { Piscina } from 'piscina';
import { AnswerWatch, endThreads, type Patience } from '../../src/base/answer-watch.js';
import { ConvoyError, reviveError } from '../../src/base/errors.js';
import { loadNative } from '../../src/native/index.js';
import type { StageReply, StageSetup, StageTask } from './messages.js';

/** Times a task is tried: a thread may die of what another did, but a task that kills three is at fault itself. */
const attempts = 3;

/** A reply that is no failure. */
type GoodReply = Exclude<StageReply, { kind: 'failed' }>;

export class AugmentPool {
  readonly #setup: StageSetup;
  readonly #workers: number;
  readonly #watch: AnswerWatch;
  /** Undefined until TensorFlow is ready on this thread, where the pool's threads may load it. */
  #pool: Piscina<StageTask, StageReply> | undefined;
  #prepared: Promise<unknown> | undefined;
  readonly #running = new Set<Promise<unknown>>();
  /** Tasks that wait for a thread; kept here, not in piscina, so that closing can drop them. */
  readonly #waiting: (() => void)[] = [];
  #idle: number;
  #closed = false;

  constructor(setup: StageSetup, workers: number, patience: Patience = {}) {
    this.#setup = setup;
    this.#workers = workers;
    this.#watch = new AnswerWatch(patience, 'makes images');
    this.#idle = workers;
    if (setup.dataset.store.kind === 'pixels') this.#pool = this.#start();
  }

  #start(): Piscina<StageTask, StageReply> {
    return new Piscina<StageTask, StageReply>({
      filename: new URL('./worker.js', import.meta.url).href,
      workerData: this.#setup,
      minThreads: this.#workers,
      maxThreads: this.#workers,
      idleTimeout: Number.POSITIVE_INFINITY,
      // A task waits for sharp on the event loop, which `sync` would stop.
      atomics: 'disabled',
    });
  }

  /**
   * Runs a task on any thread.
   *
   * @throws ConvoyError the task's own error; `CONVOY_WORKER` when threads died of it; `CONVOY_ABORTED` after `close`.
   */
  run(task: StageTask): Promise<GoodReply> {
    const running = this.#run(task);
    this.#running.add(running);
    const forget = (): void => void this.#running.delete(running);
    running.then(forget, forget);
    return running;
  }

  async #run(task: StageTask): Promise<GoodReply> {
    if (this.#idle === 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#idle--;
    try {
      return await this.#attempt(task);
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#idle++;
      else next();
    }
  }

  async #attempt(task: StageTask): Promise<GoodReply> {
    if (this.#pool === undefined) await (this.#prepared ??= loadNative());
    let cause: unknown;
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (this.#closed) throw new ConvoyError('CONVOY_ABORTED', 'The augmentation stage was closed');
      let reply: StageReply;
      try {
        this.#pool ??= this.#start();
        reply = await this.#watch.wait(this.#pool.run(task));
      } catch (error) {
        if (error instanceof ConvoyError) throw error; // no answer
        cause = error;
        continue;
      }
      if (reply.kind === 'failed') throw reviveError(reply.error);
      return reply;
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConvoyError('CONVOY_WORKER', `Augmentation failed on ${attempts} threads in a row: ${reason}`, {}, cause);
  }

  /** The threads, for a test to end one. */
  get threads(): Piscina['threads'] {
    return this.#pool?.threads ?? [];
  }

  /** Drops waiting tasks, lets running ones end (a thread must not be stopped while sharp works in it), ends threads. */
  async close(): Promise<void> {
    this.#closed = true;
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
    if (this.#pool !== undefined) await endThreads(this.#pool.destroy());
  }
}
