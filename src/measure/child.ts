import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { ConvoyError } from '../base/errors.js';
import { givenEnvironment } from '../native/index.js';
import type { Answer } from './protocol.js';

export interface ChildOptions {
  /** Program and its arguments. */
  readonly command: readonly [string, ...string[]];
  /** The first line it is sent. */
  readonly setup: unknown;
  /** Environment variables besides those that this process was given; undefined removes one. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Cores to hold it to, as numbered by the system (Linux, `taskset`). */
  readonly cores?: readonly number[];
}

/** Characters of a child's standard error that a message shows. */
const shownError = 2000;

/** Why a child cannot run on this machine; not a fault. */
export class MissingError extends Error {}

/** A process that measures rounds on request (see `protocol.ts`). */
export class MeasuringChild<Request, Round> {
  /** What the child said about itself at its start. */
  readonly facts: Readonly<Record<string, unknown>>;
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #answers: AsyncIterator<string>;
  readonly #lastWords: () => Promise<string>;

  private constructor(
    facts: Readonly<Record<string, unknown>>,
    process: ChildProcessByStdio<Writable, Readable, Readable>,
    answers: AsyncIterator<string>,
    lastWords: () => Promise<string>,
  ) {
    this.facts = facts;
    this.#process = process;
    this.#answers = answers;
    this.#lastWords = lastWords;
  }

  /**
   * Starts a child and waits until it is set up.
   *
   * @throws MissingError when it says that it cannot run here or its program is not there, ConvoyError `CONVOY_WORKER`
   * when it fails.
   */
  static async start<Request, Round>({
    command,
    setup,
    env,
    cores,
  }: ChildOptions): Promise<MeasuringChild<Request, Round>> {
    const [program, ...args] =
      cores === undefined ? command : (['taskset', '-c', cores.join(','), ...command] as const);
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...givenEnvironment(), ...env } });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-shownError);
    });
    const closed = new Promise((resolve) => child.once('close', resolve));
    // What it wrote before its end may arrive after the end of its answers.
    const lastWords = async (): Promise<string> => {
      child.kill();
      await closed;
      return stderr;
    };
    // Written to after its end: the missing answer tells of it.
    child.stdin.on('error', () => undefined);
    const failed = new Promise<never>((_, reject) => {
      child.on('error', (error) => reject(new MissingError(`${program}: ${error.message}`)));
    });
    failed.catch(() => undefined);
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    child.stdin.write(`${JSON.stringify(setup)}\n`);
    const first = await Promise.race([nextAnswer(answers, lastWords), failed]);
    if ('ready' in first) return new MeasuringChild<Request, Round>(first.ready, child, answers, lastWords);
    child.kill();
    if ('missing' in first) throw new MissingError(first.missing);
    throw new ConvoyError(
      'CONVOY_WORKER',
      `${command.join(' ')}: ${'error' in first ? first.error : 'a round before its setup'}`,
    );
  }

  /**
   * One round.
   *
   * @throws ConvoyError `CONVOY_WORKER` when the child fails or ends.
   */
  async round(request: Request): Promise<Round> {
    this.#process.stdin.write(`${JSON.stringify(request)}\n`);
    const answer = await nextAnswer(this.#answers, this.#lastWords);
    if ('round' in answer) return answer.round as Round;
    throw new ConvoyError(
      'CONVOY_WORKER',
      `A measuring process failed: ${'error' in answer ? answer.error : JSON.stringify(answer)}`,
    );
  }

  /** Ends a child that does not answer. */
  kill(): void {
    this.#process.kill('SIGKILL');
  }

  /** Ends the child. */
  async close(): Promise<void> {
    const { exitCode, signalCode } = this.#process;
    if (exitCode !== null || signalCode !== null) return;
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.stdin.end();
    await ended;
  }
}

/** The next line that is an answer; libraries may write lines of their own. */
async function nextAnswer(lines: AsyncIterator<string>, lastWords: () => Promise<string>): Promise<Answer> {
  for (;;) {
    const { value, done } = await lines.next();
    if (done === true) return { error: `the process ended without an answer\n${await lastWords()}` };
    if (/^\{"(ready|round|missing|error)":/.test(value)) return JSON.parse(value) as Answer;
  }
}
