import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const entry = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

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
  const [program = '', ...rest] = [...before, process.execPath, entry, 'train', ...args, '--json'];
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
