import type { z } from 'zod';
import { describeOptions } from '../base/described.js';
import { byName } from '../base/options.js';
import type { Monitor } from '../contracts/index.js';
import { commonOptions, type NamedSchedule } from './define.js';
import { constant } from './named/constant.js';
import { cosine } from './named/cosine.js';
import { cosineRestarts } from './named/cosine-restarts.js';
import { exponential } from './named/exponential.js';
import { multiStep } from './named/multi-step.js';
import { oneCycle } from './named/one-cycle.js';
import { polynomial } from './named/polynomial.js';
import { reduceOnPlateau } from './named/reduce-on-plateau.js';
import { step } from './named/step.js';

const definitions = [
  constant,
  step,
  multiStep,
  exponential,
  polynomial,
  cosine,
  cosineRestarts,
  oneCycle,
  reduceOnPlateau,
] as const;

/** Every schedule, by name. */
export const schedules: readonly NamedSchedule[] = definitions as readonly unknown[] as readonly NamedSchedule[];

/** Options of every schedule, for docs tables. */
export const commonScheduleOptions = describeOptions(commonOptions);

/** Options of a learning rate schedule, by `name`, named as in PyTorch; unknown keys are refused. */
export const scheduleSchema = byName(definitions);

/** Options of a schedule as written. */
export type ScheduleSpec = z.input<typeof scheduleSchema>;

/** What is known of a schedule by its name. */
export function scheduleNamed({ name }: Pick<ScheduleSpec, 'name'>): NamedSchedule {
  const found = schedules.find((candidate) => candidate.name === name);
  if (found === undefined) throw new RangeError(`no schedule ${name}`);
  return found;
}

/** The value of an epoch that a schedule was told to follow. */
export function scheduleMonitor(spec: ScheduleSpec): Monitor | undefined {
  return 'monitor' in spec ? spec.monitor : undefined;
}

/** The option of a schedule that has it move the optimizer's momentum, where it is set. */
export function momentumOption(spec: ScheduleSpec): string | undefined {
  const name = scheduleNamed(spec).momentumOption;
  return name !== undefined && Reflect.get(spec, name) === true ? name : undefined;
}
