import { z } from 'zod';
import type { CheckpointMessage } from '../../proto/convoy.js';
import { openSchedule, type Runtime } from '../runtime/index.js';
import type { TrainingState } from './training-state.js';

/** A difference of learning rates that is worth a word. */
const noticeable = 0.01;

const planSchema = z.object({ epochs: z.int().min(1) });

/**
 * Settles what a resumed run does when its end has moved: one that had stopped early goes on if more epochs are asked for
 * than it had, and whatever a person would not expect is told.
 *
 * @param message the checkpoint, whose configuration says how long the run was to last.
 */
export function goOn(
  runtime: Pick<Runtime, 'config' | 'schedule' | 'datasets'>,
  state: TrainingState,
  message: CheckpointMessage,
  tell: (note: string) => void,
): void {
  const { epochs, phases } = runtime.config;
  const before = planSchema.parse(JSON.parse(message.config)).epochs;
  const { stopped } = state;
  if (stopped !== undefined) {
    const told = `the run had stopped early, after epoch ${state.epoch}: ${stopped}`;
    if (epochs <= before) return tell(`${told}; --epochs with more than ${before} trains on`);
    tell(`${told}; it goes on to epoch ${epochs}`);
    state.stopped = undefined;
  } else if (state.epoch >= epochs) {
    return tell(`all epochs are done (${epochs}); a higher --epochs trains longer`);
  }
  if (epochs !== before && phases === undefined) tellOfRates(runtime, state, before, tell);
}

/** Says how learning rate and momentum jump where the schedule is laid over another number of epochs. */
function tellOfRates(
  { config, schedule, datasets }: Pick<Runtime, 'config' | 'schedule' | 'datasets'>,
  { step, epoch, learningRateScale }: TrainingState,
  before: number,
  tell: (note: string) => void,
): void {
  // A schedule that follows a metric does not depend on how long the training is.
  if (step === 0 || schedule.onEpochEnd !== undefined) return;
  const old = openSchedule(config, datasets.train.count, before);
  const jumps = (['learningRate', 'momentum'] as const).flatMap((value) => {
    const [was, would] = [old[value]?.(step - 1), schedule[value]?.(step - 1)];
    const next = schedule[value]?.(step);
    if (was === undefined || would === undefined || next === undefined) return [];
    if (Math.abs(was - would) <= noticeable * Math.max(was, would)) return [];
    const [name, scale] = value === 'momentum' ? ['momentum', 1] : ['learning rate', learningRateScale];
    return [`the ${name} goes from ${(was * scale).toPrecision(3)} to ${(next * scale).toPrecision(3)}`];
  });
  if (jumps.length === 0) return;
  tell(
    `the ${config.schedule.name} schedule is laid over ${config.epochs} epochs instead of ${before}: ` +
      `after epoch ${epoch} ${jumps.join(', ')}`,
  );
}
