import { ConvoyError } from '../base/errors.js';

/**
 * The error for a mask, a polygon or a run-length encoding that cannot be used; `details` keep `expected` and `found` for
 * whoever knows the file.
 */
export function maskError(what: string, expected: string, found: string): ConvoyError {
  const message = `${what}: expected ${expected} but found ${found}`;
  return new ConvoyError('CONVOY_DATA', message, { place: what, expected, found });
}
