import { z } from 'zod';
import { parseOptions } from '../base/validate.js';
import { type Monitor, monitorMode, monitorSchema } from '../contracts/index.js';
import type { Callback } from './contract.js';
import { monitored } from './monitor.js';

/** Options of `targetReached`. */
export interface TargetReachedOptions {
  /** The run stops once the monitored value is at least (scores) or at most (losses) this. */
  readonly value: number;
  /** `test.accuracy` by default. */
  readonly monitor?: Monitor | undefined;
}

const optionsSchema = z.strictObject({ value: z.number(), monitor: monitorSchema.default('test.accuracy') });

/** Stops the run at the end of the epoch that reaches a target. */
export function targetReached(options: TargetReachedOptions): Callback {
  const { value: target, monitor } = parseOptions(optionsSchema, options, 'targetReached');
  return {
    name: 'targetReached',
    monitor,
    onEpochEnd(record, control) {
      const value = monitored(record, monitor);
      if (monitorMode(monitor) === 'max' ? value >= target : value <= target) {
        control.stop(`${monitor} of ${value} reached the target of ${target}`);
      }
    },
  };
}
