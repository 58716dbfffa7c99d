import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const moduleFile = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const entry = moduleFile('../../src/cli/main.js');
const faultyTraining = moduleFile('../children/faulty-training.js');
const killAtCall = new URL('../children/kill-at-call.js', import.meta.url).href;

/** A fault of a worker: see `bench/children/failing-worker.ts`. */
export type WorkerFault = 'throw' | 'exit' | 'memory' | 'always' | 'hang' | 'step';

/** How `convoy train` ended. */
export interface EndedRun {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartedRun {
  readonly child: ChildProcess;
  readonly ended: Promise<EndedRun>;
  /** Resolves when standard output has `text`, or the run has ended. */
  printed(text: string): Promise<void>;
}

/** Starts `convoy train ARGS --json` in `cwd`, behind other programs where some are given (`strace ...`). */
export function startTraining(
  args: readonly string[],
  cwd: string,
  { before = [], env = {} }: { readonly before?: readonly string[]; readonly env?: NodeJS.ProcessEnv } = {},
): StartedRun {
  return start([...before, process.execPath, entry, 'train', ...args, '--json'], cwd, env);
}

/** The same, killed just before the `call`-th time that something is made to last. */
export function startKilledAt(call: number, args: readonly string[], cwd: string): StartedRun {
  const command = [process.execPath, '--import', killAtCall, entry, 'train', ...args, '--json'];
  return start(command, cwd, { CONVOY_TEST_KILL_AT: String(call) });
}

/** Trains `config.json` to the folder `run` with a worker that has a fault in the second step, on a small heap. */
export function startFaulty(fault: WorkerFault, cwd: string): StartedRun {
  const command = [process.execPath, '--max-old-space-size=150', faultyTraining, 'config.json', 'run'];
  return start(command, cwd, { CONVOY_TEST_FAILURE: fault });
}

function start([program = '', ...rest]: readonly string[], cwd: string, env: NodeJS.ProcessEnv): StartedRun {
  const cache = { CONVOY_CACHE: join(cwd, 'cache') };
  const child = spawn(program, rest, {
    cwd,
    env: { ...process.env, ...cache, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close').then(([code, signal]) => ({
    code: code as number | null,
    signal: signal as NodeJS.Signals | null,
    stdout,
    stderr,
  }));
  const printed = async (text: string): Promise<void> => {
    let over = false;
    void ended.then(() => (over = true));
    while (!over && !stdout.includes(text))
      await Promise.race([once(child.stdout, 'data').catch(() => undefined), ended]);
  };
  return { child, ended, printed };
}

/** What a run came to: the weights' digest and the scores of each epoch; undefined for one that has not ended. */
export async function outcomeOf(run: string): Promise<string | undefined> {
  const summary = await readFile(join(run, 'summary.json'), 'utf8').catch(() => undefined);
  if (summary === undefined) return undefined;
  const { weightsSha256 } = JSON.parse(summary) as { weightsSha256: string };
  const lines = (await readFile(join(run, 'metrics.jsonl'), 'utf8')).trim().split('\n');
  const scores = lines.map((line) => {
    const { epoch, steps, train, test } = JSON.parse(line) as Record<string, unknown>;
    return { epoch, steps, train, test };
  });
  return JSON.stringify({ weightsSha256, scores });
}

/** Names in a run folder of what is half written, or held by nobody. */
export async function leftovers(run: string): Promise<string[]> {
  const names = await readdir(run, { recursive: true });
  return names.filter((name) => name.endsWith('.part') || name.includes('run.lock'));
}
