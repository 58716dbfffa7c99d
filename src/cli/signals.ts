/** SIGINT (Ctrl-C), SIGTERM (a scheduler's end) and SIGHUP (the terminal went away). */
import { constants } from 'node:os';
import { launchedRank } from '../api/process.js';

// SIGUSR2 is the one that mpirun passes on to all its processes at once. SIGUSR1 would open Node's inspector.
const signals = [
  'SIGINT',
  'SIGTERM',
  'SIGHUP',
  ...(launchedRank() === undefined ? [] : (['SIGUSR2'] as const)),
] as const;
type Signal = (typeof signals)[number];

/** What shells take for a process that a signal ended: 128 and its number. */
function exitCodeOfSignal(signal: Signal): number {
  return 128 + constants.signals[signal];
}

let received: Signal | undefined;

/** The exit code that a signal asked for; undefined where none came. */
export function signalledExitCode(): number | undefined {
  return received === undefined ? undefined : exitCodeOfSignal(received);
}

/** A command that a signal stops in order. */
export interface Interruption {
  /** Aborted by the first signal. */
  readonly signal: AbortSignal;
  /** Leaves signals to the system again. */
  end(): void;
}

/**
 * Has the first signal abort a command, which then ends in order. Before that is over the system has its own handlers back:
 * a second signal ends the process at once, whatever holds its thread.
 */
export function onFirstSignal(tell: () => void): Interruption {
  const abort = new AbortController();
  const end = (): void => {
    for (const signal of signals) process.off(signal, stop);
    endAtOnce();
  };
  const stop = (signal: Signal): void => {
    received = signal;
    process.exitCode = exitCodeOfSignal(signal);
    end();
    tell();
    abort.abort();
  };
  for (const signal of signals) {
    process.off(signal, exitAtOnce);
    process.on(signal, stop);
  }
  return { signal: abort.signal, end };
}

/** The system ends other processes by itself, but the first of a container only where it asks for it. */
export function endAtOnce(): void {
  if (!isFirstProcess()) return;
  for (const signal of signals) process.on(signal, exitAtOnce);
}

function exitAtOnce(signal: Signal): void {
  process.exit(exitCodeOfSignal(signal));
}

function isFirstProcess(): boolean {
  return process.pid === 1;
}

/**
 * Ends this process by force: where a thread is held by native code, `process.exit` would wait for it. The code is that of
 * the signal which came, else that of SIGKILL.
 */
export function endByForce(): void {
  if (received !== undefined) {
    process.removeAllListeners(received);
    process.kill(process.pid, received);
  }
  process.kill(process.pid, 'SIGKILL');
}
