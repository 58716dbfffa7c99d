import { combinationError, valueError } from '../base/errors.js';
import type { EpochRecord } from './contract.js';
import type { Monitor } from './monitor-names.js';

/** Whether lower or higher values are better. */
export type MonitorMode = 'min' | 'max';

/** Losses are better low, accuracies high. */
export function monitorMode(monitor: Monitor): MonitorMode {
  return monitor.endsWith('.loss') ? 'min' : 'max';
}

/**
 * The monitored value of an epoch.
 *
 * @throws ConvoyError `CONVOY_OPTION` when the run does not evaluate that split.
 */
export function monitored(record: EpochRecord, monitor: Monitor): number {
  const [split, key] = monitor.split('.') as ['train' | 'test' | 'validation', 'loss' | 'accuracy'];
  const scores = record[split];
  if (scores === undefined) {
    throw valueError('monitor', `a value of a split that is evaluated (this run has no ${split} scores)`, monitor);
  }
  return scores[key];
}

/**
 * Refuses callbacks that follow a value which the run won't have.
 *
 * @throws ConvoyError `CONVOY_OPTION`.
 */
export function requireMonitors(
  callbacks: readonly { readonly name: string; readonly monitor?: Monitor }[],
  { validation }: { readonly validation: boolean },
): void {
  for (const { name, monitor } of callbacks) {
    if (monitor?.startsWith('validation.') && !validation) {
      const needs = 'a validation split, as --validation-split 0.1: this run evaluates the test split alone';
      throw combinationError(`${name}.monitor ${monitor}`, 'needs', needs);
    }
  }
}

/** True when `value` is better than `best` by more than `minDelta` (Keras's rule); never for NaN. */
export function improves(value: number, best: number | undefined, mode: MonitorMode, minDelta: number): boolean {
  if (Number.isNaN(value)) return false;
  if (best === undefined) return true;
  return mode === 'min' ? value + minDelta < best : value - minDelta > best;
}
