import { hostname } from 'node:os';
import { ConvoyError } from '../api/errors.js';
import { launchedRank } from '../api/process.js';
import { signalledExitCode } from './signals.js';

/** Where a command writes: people read a terminal, programs read `--json`. */
export interface Terminal {
  /** One JSON object a line instead of text. */
  readonly json: boolean;
  /** True when a person watches: bars may be redrawn. */
  readonly interactive: boolean;
  /** A line for people; nothing with `--json`. */
  line(text: string): void;
  /** A line on standard error for people; an object of type `note` with `--json`. */
  note(text: string): void;
  /** An object for programs; nothing without `--json`. */
  record(value: Readonly<Record<string, unknown>>): void;
}

/** Controls made visible: names of files and classes may hold any, and a terminal would obey them. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (control) => {
    return `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/** JSON escapes the controls below the space, but not those behind the letters. */
function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(/[\u007f-\u009f]/g, (control) => `\\u00${control.charCodeAt(0).toString(16)}`);
}

/** A terminal that stays silent: that of a rank behind the first. */
const silent: Terminal = {
  json: false,
  interactive: false,
  line: () => undefined,
  note: () => undefined,
  record: () => undefined,
};

export function createTerminal(json: boolean): Terminal {
  const launched = launchedRank();
  if (launched !== undefined && launched.rank > 0) return silent;
  const write = (text: string) => process.stdout.write(`${text}\n`);
  return {
    json,
    // mpirun gives ranks a terminal of their own, whatever reads its output.
    interactive: !json && process.stdout.isTTY === true && launched === undefined,
    line: (text) => {
      if (!json) write(printable(text));
    },
    note: (text) => {
      if (json) write(jsonLine({ type: 'note', text }));
      else process.stderr.write(`note: ${printable(text)}\n`);
    },
    record: (value) => {
      if (json) write(jsonLine(value));
    },
  };
}

/** What the process ends with, besides 0 and what a signal asks for (see `signals.ts`); `docs/errors.md` has the list. */
export const exitCodes = { mendable: 1, usage: 2, unequal: 3, cluster: 4, fault: 70, interrupted: 130 } as const;

/** Ends the command with an exit code, where what is to be told has been told. */
export class EndWith extends Error {
  constructor(readonly code: number) {
    super(`exit code ${code}`);
  }
}

/** The exit code for an error; of a run that was stopped it is what the signal has set. */
export function exitCodeOf(error: unknown): number {
  if (!(error instanceof ConvoyError)) return exitCodes.fault;
  if (error.code === 'CONVOY_OPTION') return exitCodes.usage;
  if (error.code === 'CONVOY_VERIFY') return exitCodes.unequal;
  if (error.code === 'CONVOY_CLUSTER') return exitCodes.cluster;
  if (error.code !== 'CONVOY_ABORTED') return exitCodes.mendable;
  return signalledExitCode() ?? exitCodes.interrupted;
}

/** Errors that ranks meet together. */
const toldByFirst: readonly string[] = ['CONVOY_DIVERGED', 'CONVOY_ABORTED'];

/** Prints an error: one clear line; the stack only for faults of convoy, or when asked for. */
export function tellError(terminal: Terminal, error: unknown): void {
  const known = error instanceof ConvoyError;
  const message = error instanceof Error ? error.message : String(error);
  const { rank = 0 } = launchedRank() ?? {};
  if (rank > 0) {
    // What all ranks meet, the first one tells.
    const ofAll = known && (error.details['ofAllRanks'] === true || toldByFirst.includes(error.code));
    if (!ofAll) process.stderr.write(`error on rank ${rank} (${hostname()}): ${printable(message)}\n`);
    return;
  }
  if (terminal.json) {
    const code = known ? error.code : 'CONVOY_INTERNAL';
    process.stdout.write(
      `${jsonLine({ type: 'error', code, message, ...(known ? { details: error.details } : {}) })}\n`,
    );
    return;
  }
  const shown = printable(message);
  if (known && error.code === 'CONVOY_ABORTED') process.stderr.write(`${shown}\n`);
  else
    process.stderr.write(
      known ? `error: ${shown}\n` : `fault: ${shown} (this is a fault in convoy; please report it)\n`,
    );
  if (error instanceof Error && error.stack !== undefined && (!known || process.env['CONVOY_DEBUG'] !== undefined)) {
    process.stderr.write(`${printable(error.stack)}\n`);
  }
}

/** `1234567` as `1,234,567`. */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

/** `1 worker`, `2 workers`. */
export function counted(count: number, noun: string): string {
  return `${grouped(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** Seconds as `42 s`, `3 min 05 s` or `1 h 02 min`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const pad = (value: number) => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
}

/** A share as `97.35%`. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(2)}%`;
}

/** Rows as aligned columns; numbers to the right. */
export function table(rows: readonly (readonly string[])[], right: ReadonlySet<number> = new Set()): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          right.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
