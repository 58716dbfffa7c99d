import { bestWeights, type Callback, earlyStopping, targetReached } from '../callbacks/index.js';
import type { Runtime } from '../runtime/index.js';

/** Callbacks that a configuration asks for, then those given. One alone keeps the best weights. */
export function runCallbacks({ config, datasets }: Runtime, given: readonly Callback[]): Callback[] {
  const accuracy = `${datasets.validation === undefined ? 'test' : 'validation'}.accuracy` as const;
  const asked = [
    ...(config.earlyStopping === undefined ? [] : [earlyStopping(config.earlyStopping)]),
    ...(config.target?.stop === true ? [targetReached({ value: config.target.accuracy, monitor: accuracy })] : []),
    ...given,
  ];
  return asked.some(({ keepsBest }) => keepsBest === true) ? asked : [bestWeights(accuracy), ...asked];
}
