import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { RandomStream } from '../../src/base/random.js';
import { runCommandLine } from '../../src/cli/convoy.js';

/** The command line's entry. */
export const entry = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  /** Without TensorFlow's own lines. */
  readonly stderr: string;
}

/** A command that runs. */
export interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
  /** Resolves when standard output holds `text`; rejects when the command ends before. */
  printed(text: string): Promise<void>;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Another program before Node, as `sh -c 'ulimit ...; exec "$0" "$@"'`. */
  readonly shell?: string;
}

/** Starts `convoy ARGUMENTS`. Its cache is below `cwd`, so that nothing of this machine's is used or left. */
export function start(args: readonly string[], { cwd, env = {}, shell }: RunOptions): Running {
  const command = [process.execPath, entry, ...args];
  const [program = '', ...rest] = shell === undefined ? command : ['sh', '-c', `${shell}; exec "$0" "$@"`, ...command];
  const child = spawn(program, rest, {
    cwd,
    env: { ...process.env, CONVOY_CACHE: join(cwd, 'cache'), CONVOY_DATA: '', NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const waiting = new Set<() => void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    for (const check of waiting) check();
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr: ours(stderr) }));
  });
  return {
    child,
    ended,
    printed: (text) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (!stdout.includes(text)) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
        void ended.then(() => reject(new Error(`ended before it printed ${text}:\n${stdout}\n${stderr}`)));
      }),
  };
}

/** Without TensorFlow's own lines, which are no part of a message. */
function ours(stderr: string): string {
  const foreign = /^WARNING: All log messages before absl|^[IWE]0000 |already (been )?(registered|set)/;
  return stderr
    .split('\n')
    .filter((line) => !foreign.test(line))
    .join('\n');
}

/** Runs `convoy ARGUMENTS` to its end. */
export function convoy(args: readonly string[], options: RunOptions): Promise<Ended> {
  return start(args, options).ended;
}

/** Runs `convoy ARGUMENTS` in this process, in the present folder: for commands that no signal shall end. */
export async function inProcess(args: readonly string[]): Promise<Pick<Ended, 'code' | 'stdout' | 'stderr'>> {
  const texts = { stdout: '', stderr: '' };
  const originals = { stdout: process.stdout.write, stderr: process.stderr.write };
  for (const name of ['stdout', 'stderr'] as const) {
    process[name].write = (text: string | Uint8Array): boolean => {
      texts[name] += String(text);
      return true;
    };
  }
  try {
    const code = await runCommandLine(args);
    return { code, stdout: texts.stdout, stderr: ours(texts.stderr) };
  } finally {
    Object.assign(process.stdout, { write: originals.stdout });
    Object.assign(process.stderr, { write: originals.stderr });
  }
}

/** Objects of `--json` output of one type. */
export function records(stdout: string, type: string): Record<string, unknown>[] {
  const lines = stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter((record) => record['type'] === type);
}

/** Writes an image folder of two classes, `dark` and `light`: 8x8 PNG files below train/ and test/. */
export async function writeImages(folder: string, train: number, test: number): Promise<void> {
  for (const [split, count] of [
    ['train', train],
    ['test', test],
  ] as const) {
    for (const [label, name] of ['dark', 'light'].entries()) {
      await mkdir(join(folder, split, name), { recursive: true });
      const random = new RandomStream(31, 'test', label, count);
      for (let index = 0; index < count; index++) {
        const pixels = Uint8Array.from({ length: 192 }, () => label * 60 + random.below(160));
        const image = sharp(pixels, { raw: { width: 8, height: 8, channels: 3 } });
        await image.png().toFile(join(folder, split, name, `${String(index).padStart(3, '0')}.png`));
      }
    }
  }
}
