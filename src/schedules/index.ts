import { ConvoyError, optionError } from '../base/errors.js';
import { parseOptions } from '../base/validate.js';
import { curveOf, oneCycleMomentum } from './curves.js';
import { Plateau, type PlateauState } from './plateau.js';
import { type ScheduleSpec, scheduleSchema } from './spec.js';

export type { PlateauState } from './plateau.js';
export { type ScheduleSpec, scheduleSchema } from './spec.js';

/** What a schedule is laid over. */
export interface ScheduleContext {
  readonly baseLearningRate: number;
  /** Optimizer steps of the whole training. */
  readonly totalSteps: number;
  /** Optimizer steps of an epoch. */
  readonly stepsPerEpoch: number;
}

/** A learning rate for every step. */
export interface Schedule {
  /** For the optimizer step before which `step` steps have been done (from 0). */
  learningRate(step: number): number;
  /** Only of schedules that move it: the momentum of the same step, instead of the optimizer's own. */
  readonly momentum?: (step: number) => number;
  /** Only of schedules that follow a metric: takes an epoch's scores, of the validation split where there is one. */
  readonly onEpochEnd?: (scores: { readonly loss: number; readonly accuracy: number }) => void;
  /** Everything that later learning rates depend on besides the step, as plain JSON; null where that is nothing. */
  state(): PlateauState | null;
  /** @throws ConvoyError `CONVOY_CHECKPOINT` when it is not a state of this schedule. */
  restore(state: unknown): void;
}

/**
 * Makes a schedule with PyTorch's formulas and defaults; `polynomial` and `cosine` last to the end of training where
 * PyTorch wants or presets a number.
 *
 * @throws ConvoyError `CONVOY_OPTION` for wrong options, or a warm-up longer than the training
 */
export function createSchedule(spec: ScheduleSpec, context: ScheduleContext): Schedule {
  const parsed = parseOptions(scheduleSchema, spec, 'schedule');
  const { baseLearningRate, totalSteps, stepsPerEpoch } = context;
  const { warmup } = parsed;
  const warmSteps = Math.round(warmup?.steps ?? (warmup?.epochs ?? 0) * stepsPerEpoch);
  if (warmSteps > 0 && warmSteps >= totalSteps) {
    throw optionError('schedule.warmup', `fewer steps than the training's ${totalSteps}`, warmSteps);
  }
  /** The schedule's own learning rate `step` steps behind the warm-up. */
  let main: (step: number) => number;
  let plateau: Plateau | undefined;
  if (parsed.name === 'reduceOnPlateau') {
    const follower = new Plateau(parsed, baseLearningRate);
    plateau = follower;
    main = () => follower.state.learningRate;
  } else {
    const unit = 'interval' in parsed && parsed.interval === 'epoch' ? stepsPerEpoch : 1;
    const curve = curveOf(parsed, baseLearningRate, Math.max(1, (totalSteps - warmSteps) / unit));
    main = (step) => curve(Math.floor(step / unit));
  }
  const start = warmup?.startFactor ?? 1;
  const momentum =
    parsed.name === 'oneCycle' && parsed.cycleMomentum
      ? oneCycleMomentum(parsed, Math.max(1, totalSteps - warmSteps))
      : undefined;
  return {
    learningRate: (step) => {
      if (step >= warmSteps) return main(step - warmSteps);
      return main(0) * (start + ((1 - start) * step) / warmSteps);
    },
    ...(momentum === undefined ? {} : { momentum: (step: number) => momentum(Math.max(0, step - warmSteps)) }),
    ...(plateau === undefined ? {} : { onEpochEnd: (scores) => plateau.observe(scores) }),
    state: () => plateau?.state ?? null,
    restore: (state) => {
      if (plateau !== undefined) plateau.restore(state);
      else if (state !== null) {
        throw new ConvoyError('CONVOY_CHECKPOINT', `Expected no state for a ${parsed.name} schedule but found one`, {
          place: 'schedule',
        });
      }
    },
  };
}
