import { ConvoyError } from '../base/errors.js';

/** Why an image cannot be used; whoever knows its file says which. */
export class BadImageError extends Error {
  override readonly name = 'BadImageError';

  /** `expected X but found Y`, in the form of every error about a file. */
  constructor(expected: string, found: string, cause?: unknown) {
    super(`expected ${expected} but found ${found}`, cause === undefined ? undefined : { cause });
  }

  /** The error for the user, naming the file (or archive, and the image in it). */
  of(file: string, place = ''): ConvoyError {
    const at = place === '' ? file : `${file}: ${place}`;
    return new ConvoyError('CONVOY_DATA', `${at}: ${this.message}`, { file, place }, this);
  }
}
