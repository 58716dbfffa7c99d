import { ConvoyError } from '../base/errors.js';
import type { LayersModel } from '../base/tf.js';
import { modelParameters } from '../models/index.js';

/**
 * Refuses weights from which no training can begin.
 *
 * @param source what they come from, for the message.
 * @throws ConvoyError `CONVOY_WEIGHTS` that names the first tensor with a number that is not finite.
 */
export function requireFiniteWeights(model: LayersModel, weights: readonly Float32Array[], source: string): void {
  for (const [index, { spec }] of modelParameters(model).entries()) {
    const values = weights[index];
    if (values === undefined) continue;
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += 0 * (values[i] as number); // NaN where one is not finite
    if (sum === 0) continue;
    const at = values.findIndex((value) => !Number.isFinite(value));
    throw new ConvoyError(
      'CONVOY_WEIGHTS',
      `${source}: ${spec.name}: expected finite numbers but found ${values[at]} at element ${at} of ${values.length}`,
      { place: spec.name },
    );
  }
}
