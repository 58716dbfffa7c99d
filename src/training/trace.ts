import { writeFileAtomic } from '../base/atomic-file.js';
import type { StepOutcome } from '../coordinator/index.js';

/** A span on the timeline: microseconds since the trace began. */
interface Span {
  readonly name: string;
  readonly thread: number;
  readonly begin: number;
  readonly duration: number;
  readonly values?: Readonly<Record<string, number | string>>;
}

/** Lane of the main thread; worker threads have ids from 1. */
const mainThread = 0;
/** About 100 MB of JSON; a viewer can hardly show more. */
const mostSpans = 1_000_000;

/**
 * A timeline of a run in Chrome's trace event format ("Trace Event Format", Google 2016), for chrome://tracing, Perfetto
 * or speedscope: on the main thread waiting for data, gradients, all-reduce, optimizer, evaluation and checkpoints; on a
 * lane for each worker its shards.
 */
export class Trace {
  readonly #spans: Span[] = [];
  readonly #start = performance.timeOrigin + performance.now();
  #dropped = 0;

  /** A span of the main thread, between two times of `performance.now()`. */
  main(name: string, began: number, ended: number, values?: Span['values']): void {
    this.#add(name, mainThread, performance.timeOrigin + began, performance.timeOrigin + ended, values);
  }

  /**
   * One step.
   *
   * @param waited when the main thread began to wait for its data, by `performance.now()`.
   * @param started when the step began.
   */
  step(step: number, waited: number, started: number, outcome: Omit<StepOutcome, 'sums'>): void {
    this.main('wait for data', waited, started);
    const reduced = started + 1000 * outcome.gradients;
    const multiplied = reduced + 1000 * outcome.products;
    const updated = multiplied + 1000 * outcome.allReduce;
    this.main('gradients', started, reduced, { step });
    if (outcome.products > 0) this.main('dense gradients', reduced, multiplied, { step });
    this.main('all-reduce', multiplied, updated, { step });
    this.main('optimizer', updated, updated + 1000 * outcome.optimizer, { step });
    for (const [shard, { thread, started: began, ended }] of outcome.replies.entries()) {
      this.#add(`shard ${shard}`, thread, began, ended, { step });
    }
  }

  #add(name: string, thread: number, began: number, ended: number, values?: Span['values']): void {
    if (this.#spans.length >= mostSpans) {
      this.#dropped += 1;
      return;
    }
    const begin = 1000 * (began - this.#start);
    this.#spans.push({
      name,
      thread,
      begin,
      duration: 1000 * (ended - began),
      ...(values === undefined ? {} : { values }),
    });
  }

  /** The timeline as a JSON object of Chrome's format. */
  toJSON(): object {
    const threads = [...new Set(this.#spans.map(({ thread }) => thread))].sort((a, b) => a - b);
    const names = threads.map((tid, index) => ({
      name: 'thread_name',
      ph: 'M',
      pid: 1,
      tid,
      args: { name: tid === mainThread ? 'main' : `worker ${threads[0] === mainThread ? index : index + 1}` },
    }));
    const spans = this.#spans.map(({ name, thread, begin, duration, values = {} }) => ({
      name,
      cat: thread === mainThread ? 'main' : 'worker',
      ph: 'X',
      pid: 1,
      tid: thread,
      ts: round(begin),
      dur: round(duration),
      args: values,
    }));
    return {
      traceEvents: [...names, ...spans],
      displayTimeUnit: 'ms',
      ...(this.#dropped === 0 ? {} : { otherData: { dropped: `${this.#dropped} spans after the first ${mostSpans}` } }),
    };
  }

  /**
   * Writes the timeline, whole or not at all; none of a run that never began, which would be taken for a run without steps.
   *
   * @throws ConvoyError `CONVOY_DISK`.
   */
  async write(file: string): Promise<void> {
    if (this.#spans.length > 0) await writeFileAtomic(file, [JSON.stringify(this)]);
  }
}

/** Nanoseconds are more than the clock knows. */
function round(microseconds: number): number {
  return Math.round(microseconds * 10) / 10;
}
