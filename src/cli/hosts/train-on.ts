import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConvoyError } from '../../api/errors.js';
import { onFirstSignal, signalledExitCode } from '../signals.js';
import { counted, EndWith, exitCodes, type Terminal } from '../terminal.js';
import type { Host } from './hosts.js';
import { answers, needMpirun, Ranks, type RanksEnd } from './mpirun.js';

/** How often, and on how many machines at least, a training begins again after one was lost. */
export interface Restarts {
  readonly restarts: number;
  readonly minHosts: number;
}

export interface HostsTraining extends Restarts {
  readonly hosts: readonly Host[];
  /** Of convoy, for the first start, with the run's folder. */
  readonly args: readonly string[];
  /** To go on from its last checkpoint. */
  readonly resumed: readonly string[];
  /** The run's folder, on the first machine. */
  readonly folder: string;
}

/** Flags of this process alone, each with a value. */
const own = ['--hosts', '--hostfile', '--restarts', '--min-hosts'];
/** What may be given beside `--resume`. */
const resumable = ['--data-dir', '--workers', '--augment-workers', '--worker-timeout-minutes', '--cluster-timeout'];

/** A command line without some flags and their values. */
function without(args: readonly string[], flags: readonly string[]): string[] {
  return args.filter((arg, index) => {
    const before = args[index - 1] ?? '';
    return !flags.some((flag) => arg === flag || arg.startsWith(`${flag}=`) || before === flag);
  });
}

/** The command line of ranks, from that of this process. */
export function ranksArguments(args: readonly string[], folder: string, resume: string | undefined): string[] {
  const rest = without(args, own);
  return resume === undefined ? [...without(rest, ['--out']), '--out', folder] : rest;
}

/** The command line of ranks that go on with a run. */
export function resumedArguments(args: readonly string[], folder: string): string[] {
  const kept = args.filter((arg, index) =>
    resumable.some((flag) => arg === flag || arg.startsWith(`${flag}=`) || args[index - 1] === flag),
  );
  const plain = ['--json', '--trust-code'].filter((flag) => args.includes(flag));
  return ['train', '--resume', folder, ...kept, ...plain];
}

/** Whether ranks ended by no fault of the training: a machine or a process was lost. */
function wasLost({ code, lostMachine }: RanksEnd): boolean {
  const told: readonly number[] = [0, exitCodes.mendable, exitCodes.usage, exitCodes.unequal, exitCodes.fault];
  return lostMachine || !told.includes(code);
}

/**
 * Trains on several machines, until the end or until no restart is left.
 *
 * @throws EndWith the exit code of ranks that failed: they have told why. ConvoyError `CONVOY_NATIVE` without Open MPI;
 *   `CONVOY_CLUSTER` where too few machines are left.
 */
export async function trainOn(training: HostsTraining, terminal: Terminal): Promise<void> {
  needMpirun();
  const { restarts, minHosts, folder } = training;
  let hosts = training.hosts;
  let args = training.args;
  for (let left = restarts; ; left--) {
    const end = await oneStart(hosts, args);
    if (end.code === 0) return;
    const signalled = signalledExitCode();
    if (signalled !== undefined) throw new EndWith(signalled);
    if (!wasLost(end)) throw new EndWith(end.code);
    if (left === 0) throw end.code === exitCodes.cluster ? new EndWith(end.code) : lostError(end, folder);
    hosts = await answering(hosts);
    const few = `${counted(hosts.length, 'machine')} of ${training.hosts.length}`;
    if (hosts.length < minHosts) {
      const message = `Expected at least ${counted(minHosts, 'machine')} (--min-hosts) but ${few} answer; --resume ${folder} goes on from the last checkpoint`;
      throw new ConvoyError('CONVOY_CLUSTER', message);
    }
    if (existsSync(join(folder, 'config.json'))) args = training.resumed;
    terminal.note(`ranks ended with exit code ${end.code}: going on with ${few}, ${counted(left - 1, 'restart')} left`);
  }
}

/** Those that answer; a single machine is this one, or that which has just given an exit code. */
async function answering(hosts: readonly Host[]): Promise<Host[]> {
  if (hosts.length === 1) return [...hosts];
  const found = await Promise.all(hosts.map(answers));
  return hosts.filter((_, index) => found[index]);
}

function lostError({ code, lostMachine }: RanksEnd, folder: string): ConvoyError {
  const what = lostMachine ? 'a machine was lost' : `a rank was lost (exit code ${code})`;
  const message = `Expected all ranks to reach the end but ${what}; --resume ${folder} goes on from the last checkpoint, and --restarts does so by itself`;
  return new ConvoyError('CONVOY_CLUSTER', message);
}

async function oneStart(hosts: readonly Host[], args: readonly string[]): Promise<RanksEnd> {
  const ranks = new Ranks(hosts, args);
  const end = (): void => ranks.end();
  const interruption = onFirstSignal(() => {
    ranks.stop(); // rank 0 tells
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, end);
  });
  try {
    return await ranks.ended;
  } finally {
    interruption.end();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.off(signal, end);
  }
}
