import { ConvoyError } from '../base/errors.js';
import { type Monitor, monitorMode } from '../contracts/index.js';
import type { Callback } from './contract.js';
import { monitored } from './monitor.js';

/** Keeps the weights of the best epoch as `checkpoints/best.ckpt`; training ends with the last weights all the same. */
export function bestWeights(monitor: Monitor): Callback {
  const sign = monitorMode(monitor) === 'max' ? 1 : -1;
  let best: number | null = null;
  return {
    name: 'bestWeights',
    monitor,
    async onEpochEnd(record, control) {
      const value = monitored(record, monitor);
      if (Number.isNaN(value) || (best !== null && sign * value <= sign * best)) return;
      best = value;
      await control.keepBest();
    },
    state: () => best,
    restore(state) {
      if (state !== null && typeof state !== 'number') {
        throw new ConvoyError(
          'CONVOY_CHECKPOINT',
          `Expected a number as the state of bestWeights but found ${typeof state}`,
        );
      }
      best = state;
    },
  };
}
