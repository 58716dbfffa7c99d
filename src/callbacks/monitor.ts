import { combinationError, valueError } from '../base/errors.js';
import { type Monitor, type MonitorMode, partsOf } from '../contracts/index.js';
import type { EpochRecord } from './contract.js';

/**
 * The monitored value of an epoch; NaN where it is not defined (an AUC of a split with one class).
 *
 * @throws ConvoyError `CONVOY_OPTION` when the run does not evaluate that split, or does not compute that metric.
 */
export function monitored(record: EpochRecord, monitor: Monitor): number {
  const { split, score } = partsOf(monitor);
  const scores = record[split];
  if (scores === undefined) {
    throw valueError('monitor', `a value of a split that is evaluated (this run has no ${split} scores)`, monitor);
  }
  const value = scores[score];
  if (value === undefined) throw combinationError(`monitor ${monitor}`, 'needs', `--metrics ${score}`);
  return value ?? Number.NaN; // JSON has null for NaN
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
