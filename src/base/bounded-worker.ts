import os from 'node:os';
import { Worker } from 'node:worker_threads';
import { type ConvoyError, type FlatError, reviveError } from './errors.js';

/** What the thread is given. */
export interface BoundedWork<Task> {
  readonly task: Task;
  /** One number, which the thread raises as long as it gets on: first when all it needs is loaded. */
  readonly progress: Int32Array<SharedArrayBuffer>;
}

/** What the thread answers, once. */
export type BoundedReply<Result> = { readonly result: Result } | { readonly error: FlatError };

/** Milliseconds between two looks at the progress. */
const lookEvery = 500;
/** Loading code is no work on the input: on a busy machine it may take this many times as long. */
const startFactor = 12;
/** A busy machine gives a thread little time: at least so many times the seconds of computing are waited for them. */
const busyFactor = 4;

/** How many times as long as alone a thread may take beside all that the machine has to do. */
function patience(): number {
  return Math.max(busyFactor, (2 * (os.loadavg()[0] ?? 0)) / os.availableParallelism());
}

export interface BoundedOptions<Task> {
  /** Module of the thread: it takes `workerData` and posts a reply. */
  readonly module: URL;
  readonly task: Task;
  readonly transfer?: readonly ArrayBuffer[];
  /** Seconds of computing without progress after which the thread is ended. */
  readonly silentSeconds: number;
  /** The error for a thread that got on no more, or that died; `reason` says which. */
  readonly failed: (reason: string) => ConvoyError;
}

/**
 * Does work that a damaged input may turn into an endless loop, or into the death of a thread, in a thread of its own: this
 * one stays free, and the work ends one way or the other.
 *
 * @throws ConvoyError what the thread answered, or `failed`.
 */
export async function runBounded<Task, Result>(options: BoundedOptions<Task>): Promise<Result> {
  const { module, task, transfer = [], silentSeconds, failed } = options;
  const progress = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(module, {
    workerData: { task, progress } satisfies BoundedWork<Task>,
    transferList: [...transfer],
    stderr: true, // what a library says before its thread dies is not the message
  });
  try {
    const answer = new Promise<BoundedReply<Result>>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', (error) => reject(failed(error instanceof Error ? error.message : String(error))));
      worker.once('exit', (code) => reject(failed(`the reading thread ended with code ${code}`)));
    });
    const reply = await Promise.race([answer, silence(progress, silentSeconds, answer)]);
    if (reply === 'silent') throw failed(`no end of reading it: no progress for ${silentSeconds} seconds of computing`);
    if ('error' in reply) throw reviveError(reply.error);
    return reply.result;
  } finally {
    await worker.terminate();
  }
}

/**
 * Resolves when the progress stood still for so many seconds in which this process computed as long: on a busy machine a thread
 * waits for its turn. Looks are counted, not time: a machine that slept is not at fault.
 */
function silence(progress: Int32Array, seconds: number, answer: Promise<unknown>): Promise<'silent'> {
  return new Promise((resolve) => {
    let last = -1;
    let still = 0;
    let since = process.cpuUsage();
    const timer = setInterval(() => {
      const now = Atomics.load(progress, 0);
      still = now === last ? still + 1 : 0;
      if (still === 0) since = process.cpuUsage();
      last = now;
      const waited = (still * lookEvery) / 1000;
      const { user, system } = process.cpuUsage(since);
      const computed = now === 0 ? 0 : Math.min(waited, (user + system) / 1e6);
      if (computed >= seconds || waited >= seconds * (now === 0 ? Math.max(startFactor, patience()) : patience()))
        resolve('silent');
    }, lookEvery);
    const stop = (): void => clearInterval(timer);
    answer.then(stop, stop);
  });
}
