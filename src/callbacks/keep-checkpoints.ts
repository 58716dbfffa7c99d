import { z } from 'zod';
import { parseOptions } from '../base/validate.js';
import type { Callback } from './contract.js';
import { restoreState } from './state.js';

/** Options of `keepCheckpoints`. */
export interface KeepCheckpointsOptions {
  /** How many to keep; older ones are removed. */
  readonly count: number;
  /** Epochs between them; 1 by default. */
  readonly every?: number | undefined;
}

const optionsSchema = z.strictObject({ count: z.int().min(1), every: z.int().min(1).default(1) });
const stateSchema = z.strictObject({ kept: z.array(z.string()) });

/** Keeps the last checkpoints as `checkpoints/epoch-N.ckpt`, besides the trainer's own `last` and `best`. */
export function keepCheckpoints(options: KeepCheckpointsOptions): Callback {
  const { count, every } = parseOptions(optionsSchema, options, 'keepCheckpoints');
  let kept: string[] = [];
  return {
    name: 'keepCheckpoints',
    async onEpochEnd({ epoch }, control) {
      if (epoch % every !== 0) return;
      const name = `epoch-${epoch}`;
      const old = kept.filter((other) => other !== name);
      // The new one is there before an old one goes; the state in it already tells which are left.
      kept = [...old, name].slice(-count);
      await control.saveCheckpoint(name);
      for (const gone of old.filter((other) => !kept.includes(other))) await control.removeCheckpoint(gone);
    },
    state: () => ({ kept }),
    restore(state) {
      kept = restoreState('keepCheckpoints', stateSchema, state).kept;
    },
  };
}
