import { z } from 'zod';
import { parseOptions } from '../base/validate.js';
import { type Monitor, type MonitorMode, monitorMode, monitorSchema } from '../contracts/index.js';
import type { Callback } from './contract.js';
import { improves, monitored } from './monitor.js';
import { restoreState } from './state.js';

/** Options of `earlyStopping`. */
export interface EarlyStoppingOptions {
  /** Epochs without improvement before the run is stopped. */
  readonly patience: number;
  /** What counts as improvement must be more than this; 0 by default. */
  readonly minDelta?: number | undefined;
  /** By default the validation loss where there is a validation split, else the test loss. */
  readonly monitor?: Monitor | undefined;
  /** By default `min` for losses and `max` for all else. */
  readonly mode?: MonitorMode | undefined;
  /** End with the weights of the best epoch, whether stopped early or not; true by default. */
  readonly restoreBest?: boolean | undefined;
}

const optionsSchema = z.strictObject({
  patience: z.int().min(1),
  minDelta: z.number().min(0).default(0),
  monitor: monitorSchema.optional(),
  mode: z.enum(['min', 'max']).optional(),
  restoreBest: z.boolean().default(true),
});

const stateSchema = z.strictObject({ best: z.number().nullable(), bestEpoch: z.int(), waited: z.int() });

/**
 * Stops when the monitored value has not improved for `patience` epochs, with the rules of Keras's `EarlyStopping`.
 *
 * @throws ConvoyError `CONVOY_OPTION` for a wrong option.
 */
export function earlyStopping(options: EarlyStoppingOptions): Callback {
  const {
    patience,
    minDelta,
    monitor: wanted,
    mode: wantedMode,
    restoreBest,
  } = parseOptions(optionsSchema, options, 'earlyStopping');
  let best: number | undefined;
  let bestEpoch = 0;
  let waited = 0;
  return {
    name: 'earlyStopping',
    keepsBest: restoreBest,
    ...(wanted === undefined ? {} : { monitor: wanted }),
    async onEpochEnd(record, control) {
      const monitor = wanted ?? (record.validation === undefined ? 'test.loss' : 'validation.loss');
      const value = monitored(record, monitor);
      if (improves(value, best, wantedMode ?? monitorMode(monitor), minDelta)) {
        best = value;
        bestEpoch = record.epoch;
        waited = 0;
        if (restoreBest) await control.keepBest();
        return;
      }
      waited++;
      if (waited >= patience) {
        const since = best === undefined ? 'was never a number' : `has not improved since epoch ${bestEpoch} (${best})`;
        control.stop(`${monitor} ${since}`);
      }
    },
    async onTrainEnd(control) {
      if (restoreBest && best !== undefined) await control.restoreBest();
    },
    state: () => ({ best: best ?? null, bestEpoch, waited }),
    restore(state) {
      const restored = restoreState('earlyStopping', stateSchema, state);
      best = restored.best ?? undefined;
      bestEpoch = restored.bestEpoch;
      // A run that this had stopped and that goes on all the same waits anew, as Keras's does in a second `fit`.
      waited = restored.waited >= patience ? 0 : restored.waited;
    },
  };
}
