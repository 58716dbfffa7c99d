import { ConvoyError } from '../base/errors.js';

/**
 * Refuses scores that are not numbers: their order would mean nothing.
 *
 * @param what of what they are: `detections`, `pixels`.
 * @throws ConvoyError `CONVOY_DIVERGED`.
 */
export function refuseNaN(scores: ArrayLike<number>, what: string): void {
  for (let i = 0; i < scores.length; i++) {
    if (!Number.isNaN(scores[i])) continue;
    throw new ConvoyError('CONVOY_DIVERGED', `Expected numbers for the scores of ${what} but the network gave NaN`);
  }
}
