import { z } from 'zod';
import {
  type ConvoyError,
  choiceError,
  unknownKeyError,
  valueError,
  type WrongChoice,
  type WrongKey,
} from './errors.js';

/** Where in a value. */
export type Path = readonly (string | number)[];

/**
 * What is wrong with a part of a value that code reads rather than a schema: thrown by the reader, and told by who knows
 * the name of the whole.
 */
export class Problem extends Error {
  readonly path: Path;
  /** Makes the error, given the name of the part. */
  readonly describe: (name: string) => ConvoyError;

  constructor(path: Path, describe: (name: string) => ConvoyError) {
    super(describe(path.join('.')).message);
    this.path = path;
    this.describe = describe;
  }
}

/** A value that is not what was expected. */
export function valueProblem(path: Path, expected: string, received: unknown): Problem {
  return new Problem(path, (name) => valueError(name, expected, received));
}

/** A name that is none of those there are. */
export function choiceProblem(path: Path, received: unknown, choice: WrongChoice): Problem {
  return new Problem(path, (name) => choiceError(name, received, choice));
}

/**
 * A key that is none of those there are.
 *
 * @param owner whose key, where that has a name.
 */
export function keyProblem(path: Path, owner: string, key: string, wrong: WrongKey): Problem {
  return new Problem(path, (name) => unknownKeyError(`${name} ${owner}`.trim(), key, { ...wrong, place: name }));
}

/** Reads a value by code; `where` is the name of it in messages. */
export function readNamed<Value>(where: string, read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (error instanceof Problem) throw error.describe([where, ...error.path].join('.'));
    throw error;
  }
}

/** The reader as a schema, as part of a larger one that `parseOptions` checks. */
export function readerSchema<Value>(read: (value: unknown) => Value) {
  return z.unknown().transform((value, context): Value => {
    try {
      return read(value);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      context.addIssue({ code: 'custom', path: [...error.path], message: error.message, params: { problem: error } });
      return z.NEVER;
    }
  });
}
