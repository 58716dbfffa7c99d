import { valueError } from '../base/errors.js';
import { parseOptions } from '../base/validate.js';
import { type LossSpec, lossNamed, lossSchema } from './registry.js';

/**
 * Checks a loss given by a person: a name alone (`'crossEntropy'`) or an object with its options.
 *
 * @param classes when known, how many numbers options such as `classWeights` must have.
 * @throws ConvoyError `CONVOY_OPTION` that names the wrong option.
 */
export function parseLoss(input: unknown, classes?: number): LossSpec {
  const given = typeof input === 'string' ? { name: input } : input;
  const spec: LossSpec = parseOptions(lossSchema, given, 'loss');
  for (const name of lossNamed(spec).perClass) {
    const numbers: unknown = Reflect.get(spec, name);
    if (classes !== undefined && Array.isArray(numbers) && numbers.length !== classes) {
      throw valueError(`loss.${name}`, `${classes} numbers, one for each class,`, numbers);
    }
  }
  return spec;
}

/** One line for logs: `crossEntropy(labelSmoothing=0.1)`. */
export function lossName(spec: LossSpec): string {
  const options = Object.entries(spec).filter(([key]) => key !== 'name');
  if (options.length === 0) return spec.name;
  return `${spec.name}(${options.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(', ')})`;
}
