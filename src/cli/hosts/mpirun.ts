import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ConvoyError } from '../../api/errors.js';
import type { Host } from './hosts.js';

/** The command line's file. */
export const entry = fileURLToPath(new URL('../main.js', import.meta.url));

/** Variables that ranks on other machines get from this one; those of this machine inherit all. */
const forwarded = /^(CONVOY_|TF_|ONEDNN_|DNNL_|NODE_|UV_|OMP_|MALLOC_|LD_|NO_COLOR$|FORCE_COLOR$|TMPDIR$|PATH$)/;

/** Seconds after which Open MPI notices a machine that is gone: 3, and then three times 1 without an answer. */
const keepalive = { time: 3, intvl: 1, probes: 3 };

/**
 * Sees that Open MPI is there.
 *
 * @throws ConvoyError `CONVOY_NATIVE` that says what to install.
 */
export function needMpirun(path = process.env['PATH'] ?? ''): void {
  const found = path.split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, 'mpirun'), constants.X_OK);
      return folder !== '';
    } catch {
      return false;
    }
  });
  if (found) return;
  const advice = 'install Open MPI on every machine (Debian, Ubuntu: apt-get install openmpi-bin libopenmpi-dev)';
  throw new ConvoyError('CONVOY_NATIVE', `Expected mpirun on PATH, which --hosts starts, but found none: ${advice}`);
}

function common(hosts: readonly Host[]): string[] {
  return [
    '--quiet',
    // Open MPI would hold a rank to one core, or to one socket.
    ...['--bind-to', 'none'],
    ...(process.getuid?.() === 0 ? ['--allow-run-as-root'] : []),
    ...['--host', hosts.map(({ name, ranks }) => `${name}:${ranks}`).join(',')],
    ...['-n', String(hosts.reduce((sum, { ranks }) => sum + ranks, 0))],
    ...Object.entries(keepalive).flatMap(([name, value]) => ['--mca', `oob_tcp_keepalive_${name}`, String(value)]),
  ];
}

/** Arguments of mpirun for a command line of convoy on some machines. */
export function mpirunArguments(
  hosts: readonly Host[],
  args: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): string[] {
  const names = Object.keys(environment).filter((name) => forwarded.test(name));
  return [...common(hosts), ...names.flatMap((name) => ['-x', name]), process.execPath, entry, ...args];
}

/** How ranks have ended. */
export interface RanksEnd {
  readonly code: number;
  /** What Open MPI said last, for whether a machine was lost. */
  readonly lostMachine: boolean;
}

const lost = /lost communication|failed to (connect|communicate)|daemon.*(died|unexpectedly|failed)/i;

/** What a rank says that failed. */
const failure = /^error( on rank \d+ .*)?: |^\{"type":"error"/m;
/** Milliseconds in which all others end then. */
const overdueAfter = 15_000;

/** Ranks that run; a group of its own, so that Ctrl-C reaches this process alone. */
export class Ranks {
  readonly #child: ChildProcess;
  readonly ended: Promise<RanksEnd>;

  constructor(hosts: readonly Host[], args: readonly string[], output: 'inherit' | 'ignore' = 'inherit') {
    const stdio = ['ignore', output === 'inherit' ? 'pipe' : output, 'pipe'] as const;
    const child = spawn('mpirun', mpirunArguments(hosts, args), { stdio: [...stdio], detached: true });
    this.#child = child;
    let lostMachine = false;
    let overdue: NodeJS.Timeout | undefined;
    const endAll = (): void => {
      lostMachine = true;
      this.end();
    };
    const hear = (text: string, to: NodeJS.WriteStream): void => {
      if (lost.test(text)) lostMachine = true;
      // mpirun may wait for a rank that was stopped after another has failed.
      if (failure.test(text)) overdue ??= setInterval(endAll, overdueAfter).unref();
      to.write(text);
    };
    child.stdout?.setEncoding('utf8').on('data', (text: string) => hear(text, process.stdout));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => hear(text, process.stderr));
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        clearInterval(overdue);
        resolve({ code: code ?? 1, lostMachine });
      });
    });
  }

  /** Has them write a checkpoint and stop. mpirun passes this signal on, and no other that Node leaves alone. */
  stop(): void {
    this.#child.kill('SIGUSR2');
  }

  /** Ends them at once. */
  end(): void {
    this.#child.kill('SIGTERM');
  }
}

/** Milliseconds in which a machine answers. */
const probePatience = 20_000;

/** Whether a program can be started on a machine. */
export function answers({ name }: Host): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('mpirun', [...common([{ name, ranks: 1 }]), 'true'], { stdio: 'ignore' });
    const timer = setTimeout(() => child.kill('SIGKILL'), probePatience);
    const end = (found: boolean): void => {
      clearTimeout(timer);
      resolve(found);
    };
    child.once('error', () => end(false));
    child.once('close', (code) => end(code === 0));
  });
}
