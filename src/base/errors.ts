import { inspect } from 'node:util';
import { type Aliases, didYouMean, suggestions } from './suggest.js';

/**
 * Every error a user of convoy can meet: one base class, stable codes, and few forms of messages.
 * `Expected X for NAME but received Y` for a value, `NAME needs Y` or `NAME excludes Y` for options that do not go
 * together, and `FILE: PLACE: expected X but found Y` for a file.
 */

/** Stable, documented codes; scripts may match on them. `docs/errors.md` says more, with the exit code of each. */
export type ErrorCode =
  | 'CONVOY_OPTION' // an option, flag, recipe key or argument is wrong
  | 'CONVOY_DATA' // a dataset, archive or image is missing, damaged or hostile
  | 'CONVOY_MODEL' // a model cannot be built, compiled or loaded
  | 'CONVOY_WEIGHTS' // a weights file is damaged or belongs to another architecture
  | 'CONVOY_CHECKPOINT' // a checkpoint or run folder is damaged or of another run
  | 'CONVOY_LOCKED' // another process is at the run folder
  | 'CONVOY_NATIVE' // TensorFlow or sharp cannot be loaded
  | 'CONVOY_WORKER' // a worker thread failed again and again
  | 'CONVOY_CLUSTER' // machines of one training differ, or one of them does not answer
  | 'CONVOY_VERIFY' // `convoy verify` found a difference that must not be
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
 * An error for a wrong value: `Expected an integer of at least 1 for --epochs but received "many"`.
 *
 * @param advice what to do, where the expectation does not say it.
 */
export function valueError(name: string, expected: string, received: unknown, advice?: string): ConvoyError {
  const shown = received === undefined ? 'nothing' : show(received);
  const message = `Expected ${expected} for ${name} but received ${shown}${advice === undefined ? '' : `; ${advice}`}`;
  return new ConvoyError('CONVOY_OPTION', message, { place: name });
}

/** What `choiceError` and `unknownKeyError` choose a suggestion from. */
export interface KnownNames {
  readonly known: readonly string[];
  /** Words of other libraries for the known names. */
  readonly aliases?: Aliases | undefined;
}

/** A name that is none of those there are. */
export interface WrongChoice extends KnownNames {
  /** What is named: `network`; without it the message lists the choices as they are. */
  readonly what?: string;
  /** What may stand there instead of a name: `the path of an image folder`. */
  readonly also?: string;
  /** Where all of them are listed, when there are too many for a message: `convoy networks`. */
  readonly list?: string;
}

/**
 * An error for a name that is not known, with the one that was probably meant:
 * `Expected one of sgd, adam for optimizer.name but received "Adam"; did you mean adam?`
 */
export function choiceError(name: string, received: unknown, choice: WrongChoice): ConvoyError {
  const { known, aliases, what, also, list } = choice;
  const meant = typeof received === 'string' ? suggestions(received, known, aliases) : [];
  // Who is told the right name needs no long list.
  const short = known.join(', ').length <= (meant.length === 0 ? longestList : longestList / 2) || what === undefined;
  const choices = short ? `${known.length === 1 ? '' : 'one of '}${cutList(known)}` : `the name of a ${what}`;
  const expected = also === undefined ? choices : `${choices}, or ${also},`;
  const { code, message, details } = valueError(name, expected, received);
  const where = short || list === undefined ? '' : ` (${list} lists all ${known.length})`;
  return new ConvoyError(code, `${message}${didYouMean(meant)}${where}`, {
    ...details,
    ...(meant.length === 0 ? {} : { suggestions: meant }),
  });
}

/** A key that is none of those there are. */
export interface WrongKey extends KnownNames {
  /** Where all of them are listed, when there are too many for a message: `convoy train --help`. */
  readonly list?: string;
  /** Where the key is, without it, for `details`; the owner by default. */
  readonly place?: string;
  /** What to do, where that is known better than by a similar name. */
  readonly advice?: string | undefined;
}

/**
 * An error for a key that is not known:
 * `Unknown option "lr" of optimizer adam; did you mean learningRate? (it takes name, learningRate, ...)`
 *
 * @param owner whose key it is: `optimizer adam`, or a file.
 */
export function unknownKeyError(owner: string, key: string, wrong: WrongKey): ConvoyError {
  const { known, aliases, list, advice, place = owner } = wrong;
  const meant = advice === undefined ? suggestions(key, known, aliases) : [];
  const short = known.join(', ').length <= longestList;
  const takes = known.length === 0 ? 'it takes none' : `it takes ${cutList(known)}`;
  const all = short || list === undefined ? takes : `${list} lists all`;
  const told = short || list !== undefined || meant.length === 0;
  const more = advice ?? (meant.length === 0 ? all : `${didYouMean(meant).slice(2)}${told ? ` (${all})` : ''}`);
  const message = `Unknown option "${key}"${owner === '' ? '' : ` of ${owner}`}; ${more}`;
  return new ConvoyError('CONVOY_OPTION', message, {
    place: place === '' ? key : `${place}.${key}`,
    ...(meant.length === 0 ? {} : { suggestions: meant }),
  });
}

/** An error for options that do not go together: `freeze needs a base`, `--resume excludes --recipe`. */
export function combinationError(name: string, relation: 'needs' | 'excludes', other: string): ConvoyError {
  return new ConvoyError('CONVOY_OPTION', `${name} ${relation} ${other}`, { place: name });
}

/** Longest list of names in a message, in characters. */
const longestList = 240;

function cutList(names: readonly string[]): string {
  let kept = names.length;
  while (kept > 1 && names.slice(0, kept).join(', ').length > longestList) kept--;
  return names.slice(0, kept).join(', ') + (kept < names.length ? `, ... (${names.length} in all)` : '');
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
