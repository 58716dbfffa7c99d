import { bestWeights, type Callback, earlyStopping, targetReached } from '../callbacks/index.js';
import type { RunConfig } from '../config/index.js';
import type { Monitor } from '../contracts/index.js';
import type { Runtime } from '../runtime/index.js';

/**
 * Callbacks that a configuration asks for, then those given. One alone keeps the best weights.
 */
export function runCallbacks({ config, datasets }: Runtime, given: readonly Callback[]): Callback[] {
  const accuracy = `${datasets.validation === undefined ? 'test' : 'validation'}.accuracy` as const;
  const asked = [
    ...(config.earlyStopping === undefined ? [] : [earlyStopping(config.earlyStopping)]),
    ...(config.target?.stop === true ? [targetReached(targetOf(config.target, accuracy))] : []),
    ...given,
  ];
  return asked.some(({ keepsBest }) => keepsBest === true)
    ? asked
    : [bestWeights(config.monitor ?? accuracy), ...asked];
}

/** The value of an epoch that a target is about. */
export function targetOf(
  { accuracy, monitor, value }: NonNullable<RunConfig['target']>,
  usual: Monitor,
): { readonly monitor: Monitor; readonly value: number } {
  return { monitor: monitor ?? usual, value: value ?? accuracy ?? 0 };
}
