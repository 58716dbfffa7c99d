import { bestWeights, type Callback, earlyStopping, requireMonitors, targetReached } from '../callbacks/index.js';
import type { Runtime } from '../runtime/index.js';

/**
 * Callbacks that a configuration asks for, then those given. One alone keeps the best weights.
 *
 * @throws ConvoyError `CONVOY_OPTION` for one that follows a value which the run won't have.
 */
export function runCallbacks({ config, datasets }: Runtime, given: readonly Callback[]): Callback[] {
  const accuracy = `${datasets.validation === undefined ? 'test' : 'validation'}.accuracy` as const;
  const asked = [
    ...(config.earlyStopping === undefined ? [] : [earlyStopping(config.earlyStopping)]),
    ...(config.target?.stop === true ? [targetReached({ value: config.target.accuracy, monitor: accuracy })] : []),
    ...given,
  ];
  requireMonitors(asked, { validation: datasets.validation !== undefined });
  return asked.some(({ keepsBest }) => keepsBest === true) ? asked : [bestWeights(accuracy), ...asked];
}
