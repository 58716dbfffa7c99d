import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/** Tells one process from every other, of this machine and of others that share its files. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** Start of the process as its system counts it: a number of a process is given out again. Empty where it isn't told. */
  readonly started: string;
  /** Processes of one space can see each other: one start of one machine, one container. */
  readonly space: string;
}

function readOrEmpty(read: () => string): string {
  try {
    return read().trim();
  } catch {
    return ''; // a system without /proc
  }
}

/** State and start time of a process; undefined when there is none of that number, or the system doesn't show it. */
function statOf(pid: number): { readonly state: string; readonly started: string } | undefined {
  const stat = readOrEmpty(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // Field 2, the program's name, may hold spaces and brackets; field 3 is the state, field 22 the start (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, started] = [fields[0], fields[19]];
  return stat === '' || state === undefined || started === undefined ? undefined : { state, started };
}

let own: ProcessIdentity | undefined;

/** The process that asks. */
export function thisProcess(): ProcessIdentity {
  if (own !== undefined) return own;
  const boot = readOrEmpty(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'));
  const container = readOrEmpty(() => readlinkSync('/proc/self/ns/pid'));
  const space = createHash('sha256')
    .update(boot === '' ? hostname() : `${boot} ${container}`)
    .digest('hex')
    .slice(0, 8);
  own = { host: hostname(), pid: process.pid, started: statOf(process.pid)?.started ?? '', space };
  return own;
}

/** Whether a process has ended; undefined where it can't be seen from here, being in another container or machine. */
export function hasEnded({ pid, started, space }: ProcessIdentity): boolean | undefined {
  if (space !== thisProcess().space) return undefined;
  const found = statOf(pid);
  if (found !== undefined && started !== '') return found.started !== started || found.state === 'Z';
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}
