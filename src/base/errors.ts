import { inspect } from 'node:util';

/**
 * Every error a user of convoy can meet, one base class and stable codes.
 *
 * The form of a message is always the same: what was expected, what was found, and where.
 */

/** Stable, documented codes; scripts may match on them. */
export type ErrorCode =
  | 'CONVOY_OPTION' // an option, flag, recipe key or argument is wrong
  | 'CONVOY_DATA' // a dataset, archive or image is missing, damaged or hostile
  | 'CONVOY_MODEL' // a model cannot be built, compiled or loaded
  | 'CONVOY_WEIGHTS' // a weights file is damaged or belongs to another architecture
  | 'CONVOY_CHECKPOINT' // a checkpoint or run folder is damaged or of another run
  | 'CONVOY_LOCKED' // another process is at the run folder
  | 'CONVOY_NATIVE' // TensorFlow or sharp cannot be loaded
  | 'CONVOY_WORKER' // a worker thread failed again and again
  | 'CONVOY_DIVERGED' // the loss is not finite
  | 'CONVOY_DISK' // a file cannot be written
  | 'CONVOY_MEMORY' // the shared arena cannot hold what was asked
  | 'CONVOY_ABORTED'; // stopped by a signal

/** Facts about an error that programs may read, all of them structured-cloneable. */
export interface ErrorDetails {
  /** File the error is about. */
  readonly file?: string;
  /** Byte offset, line, entry name, layer name… inside it. */
  readonly place?: string;
  readonly [key: string]: unknown;
}

/** Base class of every error convoy throws on purpose. */
export class ConvoyError extends Error {
  override readonly name = 'ConvoyError';
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }
}

/** Most characters of a value in a message. */
const shownLength = 80;

/** How a value is shown in a message: strings quoted, plain objects with what is in them, long ones cut, other objects by type. */
function show(value: unknown): string {
  const cut = (text: string): string => (text.length > shownLength ? `${text.slice(0, shownLength - 3)}...` : text);
  if (typeof value === 'string') return JSON.stringify(cut(value));
  if (Array.isArray(value)) return `[${value.slice(0, 8).map(show).join(', ')}${value.length > 8 ? ', ...' : ''}]`;
  if (typeof value === 'object' && value !== null) {
    const made = value.constructor?.name ?? 'Object';
    return made === 'Object' ? cut(inspect({ ...value }, { breakLength: Infinity })) : made;
  }
  return String(value);
}

/**
 * An error for a wrong option: `Expected integer from 1 to 64 for --workers but received "x" (string)`.
 */
export function optionError(name: string, expected: string, received: unknown): ConvoyError {
  const type = received === null ? 'null' : Array.isArray(received) ? 'array' : typeof received;
  return new ConvoyError('CONVOY_OPTION', `Expected ${expected} for ${name} but received ${show(received)} (${type})`, {
    place: name,
  });
}

/**
 * An error for a damaged or hostile file: `FILE: PLACE: expected X but found Y`.
 */
export function fileError(
  code: ErrorCode,
  file: string,
  place: string,
  expected: string,
  found: string,
  cause?: unknown,
): ConvoyError {
  const at = place === '' ? '' : `${place}: `;
  return new ConvoyError(code, `${file}: ${at}expected ${expected} but found ${found}`, { file, place }, cause);
}

/** An error flattened for a thread border: structured clone would lose its class and code. */
export interface FlatError {
  readonly message: string;
  readonly code?: ErrorCode;
  readonly details?: ErrorDetails;
  readonly stack?: string;
}

/** Flattens any thrown value so that it can cross to another thread. */
export function flattenError(error: unknown): FlatError {
  if (error instanceof ConvoyError) {
    return { message: error.message, code: error.code, details: error.details, stack: error.stack ?? '' };
  }
  if (error instanceof Error) return { message: error.message, stack: error.stack ?? '' };
  return { message: String(error) };
}

/** Revives a flattened error; `CONVOY_WORKER` where the original had no code of its own. */
export function reviveError(flat: FlatError): ConvoyError {
  const error = new ConvoyError(flat.code ?? 'CONVOY_WORKER', flat.message, flat.details);
  if (flat.stack) error.stack = flat.stack;
  return error;
}
