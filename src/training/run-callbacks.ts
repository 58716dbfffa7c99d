import { bestWeights, type Callback, earlyStopping, targetReached } from '../callbacks/index.js';
import type { RunConfig } from '../config/index.js';
import type { Monitor, TargetKind } from '../contracts/index.js';
import type { Runtime } from '../runtime/index.js';

/**
 * Callbacks that a configuration asks for, then those given. One alone keeps the best weights.
 */
export function runCallbacks({ config, datasets, spec }: Runtime, given: readonly Callback[]): Callback[] {
  const usual = usualMonitor(spec.targets, datasets.validation !== undefined);
  const asked = [
    ...(config.earlyStopping === undefined ? [] : [earlyStopping(config.earlyStopping)]),
    ...(config.target?.stop === true ? [targetReached(targetOf(config.target, usual))] : []),
    ...given,
  ];
  return asked.some(({ keepsBest }) => keepsBest === true) ? asked : [bestWeights(config.monitor ?? usual), ...asked];
}

const usualScores = {
  classes: 'accuracy',
  'multi-label': 'accuracy',
  masks: 'mean-iou',
  boxes: 'map',
  pixels: 'loss',
} as const satisfies Record<TargetKind, string>;

/** The value that says which weights are best, where nobody chose one. */
export function usualMonitor(targets: TargetKind, validation: boolean): Monitor {
  const score = usualScores[targets];
  return `${validation ? 'validation' : 'test'}.${score}`;
}

/** The value of an epoch that a target is about. */
export function targetOf(
  { accuracy, monitor, value }: NonNullable<RunConfig['target']>,
  usual: Monitor,
): { readonly monitor: Monitor; readonly value: number } {
  return { monitor: monitor ?? usual, value: value ?? accuracy ?? 0 };
}
