import { z } from 'zod';
import { valueError } from '../base/errors.js';
import type { EpochRecord } from './contract.js';

/** A value of the epoch record that decisions can be made on. */
export const monitorSchema = z.enum([
  'train.loss',
  'train.accuracy',
  'test.loss',
  'test.accuracy',
  'validation.loss',
  'validation.accuracy',
]);
export type Monitor = z.infer<typeof monitorSchema>;

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

/** True when `value` is better than `best` by more than `minDelta` (Keras's rule); never for NaN. */
export function improves(value: number, best: number | undefined, mode: MonitorMode, minDelta: number): boolean {
  if (Number.isNaN(value)) return false;
  if (best === undefined) return true;
  return mode === 'min' ? value + minDelta < best : value - minDelta > best;
}
