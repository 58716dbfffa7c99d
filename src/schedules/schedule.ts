import { ConvoyError, valueError } from '../base/errors.js';
import { parseOptions } from '../base/validate.js';
import type { EpochScores, FollowerState } from './define.js';
import { type ScheduleSpec, scheduleNamed, scheduleSchema } from './registry.js';

/** What a schedule is laid over. */
interface ScheduleContext {
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
  /**
   * Only of schedules that follow a metric: takes an epoch's scores, of the validation split where there is one. Those of
   * epochs that began in the warm-up do not count.
   */
  readonly onEpochEnd?: (scores: EpochScores) => void;
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
    throw valueError('schedule.warmup', `fewer steps than the training's ${totalSteps}`, warmSteps);
  }
  const unit = 'interval' in parsed && parsed.interval === 'epoch' ? stepsPerEpoch : 1;
  const length = Math.max(1, (totalSteps - warmSteps) / unit);
  const { learningRate, momentum, follower } = scheduleNamed(parsed).open(parsed, { base, length });
  /** The schedule's own time once `step` steps have been done. */
  const timeOf = (step: number): number => Math.floor(Math.max(0, step - warmSteps) / unit);
  const start = warmup?.startFactor ?? 1;
  let epochs = 0;
  const observe = (scores: EpochScores): void => {
    if (epochs * stepsPerEpoch >= warmSteps) follower?.observe(scores);
    epochs += 1;
  };
  return {
    learningRate: (step) =>
      learningRate(timeOf(step)) * (step >= warmSteps ? 1 : start + ((1 - start) * step) / warmSteps),
    ...(momentum === undefined ? {} : { momentum: (step: number) => momentum(timeOf(step)) }),
    ...(follower === undefined ? {} : { onEpochEnd: observe }),
    state: () => (follower === undefined ? null : { ...follower.state(), epochs }),
    restore: (state) => {
      if (follower !== undefined) {
        // Of a checkpoint by an older version, which did not count them: the warm-up is over.
        const { epochs: done = Number.MAX_SAFE_INTEGER, ...own } = Object(state) as { epochs?: unknown };
        follower.restore(own);
        if (!Number.isInteger(done) || Number(done) < 0) {
          const text = `Expected the epochs of a ${parsed.name} schedule but found ${String(done)}`;
          throw new ConvoyError('CONVOY_CHECKPOINT', text, { place: 'schedule.epochs' });
        }
        epochs = Number(done);
      } else if (state !== null) {
        const text = `Expected no state for a ${parsed.name} schedule but found one`;
        throw new ConvoyError('CONVOY_CHECKPOINT', text, { place: 'schedule' });
      }
    },
  };
}
