import { ConvoyError } from './errors.js';

/** For how long threads are waited for. */
export interface Patience {
  /** Minutes without an answer from any thread while one is asked; 0 or undefined: for ever. */
  readonly minutes?: number | undefined;
  /** Once it is aborted, threads get only as long as their answers usually take. */
  readonly signal?: AbortSignal | undefined;
}

/** Milliseconds between two looks. Looks are counted, not time: while a machine sleeps, its threads do too. */
const lookEvery = 1000;
/** Looks that a thread has after an abort, at least, and as a multiple of the longest answer so far. */
const graceAfterAbort = { looks: 10, factor: 5 } as const;
/** Milliseconds that a thread has to end: one that native code holds does not hear of it. */
const endWithin = 5000;

/** Gives up waiting for threads that never answer. */
export class AnswerWatch {
  readonly #patience: Patience;
  readonly #what: string;
  readonly #pending = new Set<(error: ConvoyError) => void>();
  #timer: NodeJS.Timeout | undefined;
  /** Looks since the last answer, or since the first question. */
  #still = 0;
  #longest = 0;
  #sinceAbort = 0;

  /** @param what threads do, for the message: `computes a batch`. */
  constructor(patience: Patience, what: string) {
    this.#patience = patience;
    this.#what = what;
  }

  /**
   * The answer, if it comes.
   *
   * @throws ConvoyError `CONVOY_WORKER` after `minutes` without any, `CONVOY_ABORTED` when an aborted one doesn't come.
   */
  async wait<Answer>(answer: Promise<Answer>): Promise<Answer> {
    if (this.#pending.size === 0) {
      this.#still = 0;
      this.#timer = setInterval(() => this.#look(), lookEvery).unref();
    }
    let giveUp: (error: ConvoyError) => void = () => undefined;
    const givenUp = new Promise<never>((_, reject) => (giveUp = reject));
    this.#pending.add(giveUp);
    try {
      return await Promise.race([answer, givenUp]);
    } finally {
      this.#pending.delete(giveUp);
      this.#longest = Math.max(this.#longest, this.#still);
      this.#still = 0;
      if (this.#pending.size === 0) clearInterval(this.#timer);
    }
  }

  #look(): void {
    const { minutes = 0, signal } = this.#patience;
    this.#still += 1;
    if (signal?.aborted === true) this.#sinceAbort += 1;
    const grace = Math.max(graceAfterAbort.looks, graceAfterAbort.factor * this.#longest);
    if (this.#sinceAbort >= grace && this.#still >= grace) {
      this.#giveUp('CONVOY_ABORTED', `Stopped while a thread that ${this.#what} gave no answer`);
    } else if (minutes > 0 && this.#still * lookEvery >= minutes * 60_000) {
      const expected = `Expected an answer from a thread that ${this.#what} but none came for ${minutes} minutes`;
      this.#giveUp('CONVOY_WORKER', `${expected} (workerTimeoutMinutes: 0 waits for ever)`);
    }
  }

  #giveUp(code: 'CONVOY_ABORTED' | 'CONVOY_WORKER', message: string): void {
    const error = new ConvoyError(code, `${message}; --resume goes on from the last checkpoint`);
    for (const giveUp of this.#pending) giveUp(error);
  }
}

let held = false;

/** Waits until threads have ended, or for 5 seconds: what native code holds can't be ended from within the process. */
export async function endThreads(ending: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => (timer = setTimeout(() => resolve('late'), endWithin)));
  if ((await Promise.race([ending, late])) === 'late') held = true;
  clearTimeout(timer);
}

/** Whether this process has a thread that can't be ended: it would wait for it for ever, so it must be killed. */
export function hasHeldThread(): boolean {
  return held;
}
