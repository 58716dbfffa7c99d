import { ConvoyError, optionError } from '../base/errors.js';
import { parseOptions } from '../base/validate.js';
import type { FollowerState, Scores } from './define.js';
import { type ScheduleSpec, scheduleNamed, scheduleSchema } from './registry.js';

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
  readonly onEpochEnd?: (scores: Scores) => void;
  /** Everything that later learning rates depend on besides the step, as plain JSON; null where that is nothing. */
  state(): FollowerState | null;
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
  const { baseLearningRate: base, totalSteps, stepsPerEpoch } = context;
  const { warmup } = parsed;
  const warmSteps = Math.round(warmup?.steps ?? (warmup?.epochs ?? 0) * stepsPerEpoch);
  if (warmSteps > 0 && warmSteps >= totalSteps) {
    throw optionError('schedule.warmup', `fewer steps than the training's ${totalSteps}`, warmSteps);
  }
  const unit = 'interval' in parsed && parsed.interval === 'epoch' ? stepsPerEpoch : 1;
  const length = Math.max(1, (totalSteps - warmSteps) / unit);
  const { learningRate, momentum, follower } = scheduleNamed(parsed).open(parsed, { base, length });
  /** The schedule's own time once `step` steps have been done. */
  const timeOf = (step: number): number => Math.floor(Math.max(0, step - warmSteps) / unit);
  const start = warmup?.startFactor ?? 1;
  return {
    learningRate: (step) =>
      learningRate(timeOf(step)) * (step >= warmSteps ? 1 : start + ((1 - start) * step) / warmSteps),
    ...(momentum === undefined ? {} : { momentum: (step: number) => momentum(timeOf(step)) }),
    ...(follower === undefined ? {} : { onEpochEnd: (scores: Scores) => follower.observe(scores) }),
    state: () => follower?.state() ?? null,
    restore: (state) => {
      if (follower !== undefined) follower.restore(state);
      else if (state !== null) {
        const text = `Expected no state for a ${parsed.name} schedule but found one`;
        throw new ConvoyError('CONVOY_CHECKPOINT', text, { place: 'schedule' });
      }
    },
  };
}
