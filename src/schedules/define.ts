import { z } from 'zod';
import { type Described, describeOptions } from '../base/described.js';
import { type Filled, type FilledShape, filledShape, type Options, option } from '../base/options.js';
import { alsoCalled } from '../base/schema-names.js';
import type { Monitor } from '../contracts/index.js';

const count = z.int().min(1);

/** Options of every schedule. */
export const commonOptions = {
  warmup: option(
    z
      .strictObject({
        steps: count.optional(),
        epochs: z.number().positive().optional(),
        /** Of the schedule's first learning rate; PyTorch's default. */
        startFactor: z
          .number()
          .positive()
          .max(1)
          .default(1 / 3),
      })
      .refine(({ steps, epochs }) => (steps === undefined) !== (epochs === undefined), {
        params: { needs: 'either steps or epochs' },
      }),
    undefined,
    "a linear rise before the schedule, as PyTorch's LinearLR; the schedule's own time begins behind it",
  ),
} as const;

/** What a schedule's time counts, in whose unit its lengths are. */
export function interval<const Unit extends 'epoch' | 'step'>(unit: Unit) {
  return option(z.enum(['epoch', 'step']), unit, 'what its time counts: full epochs or optimizer steps');
}

/** A function of the schedule's time, from 0. */
export type Curve = (time: number) => number;

/** The scores of an epoch. */
export interface EpochScores {
  readonly loss: number;
  readonly accuracy: number;
  /** A value of the epoch by its monitor's name, as `validation.f1`. */
  readonly monitored?: (monitor: Monitor) => number;
}

/** What a schedule does, once it is known what it is laid over. */
interface Course {
  /** At a time of the schedule, from 0 behind the warm-up. */
  readonly learningRate: Curve;
  /** Only where it moves the momentum. */
  readonly momentum?: Curve;
  /** Only of schedules that follow a metric, whose learning rate is then the same at all times until the next scores. */
  readonly follower?: Follower;
}

/** What a schedule that follows a metric remembers. */
export interface Follower {
  observe(scores: EpochScores): void;
  /** Plain JSON. */
  state(): FollowerState;
  /** @throws ConvoyError `CONVOY_CHECKPOINT` when it is not the state of this schedule. */
  restore(state: unknown): void;
}

/** Plain JSON. */
export type FollowerState = Readonly<Record<string, number | string | boolean | null>>;

/** What a schedule is laid over. */
export interface Training {
  /** The learning rate it starts from, or reaches (one-cycle). */
  readonly base: number;
  /** Of the training behind the warm-up, in the unit of the schedule's time. */
  readonly length: number;
}

/** What a file of `named/` says of its schedule. */
interface ScheduleDefinition<Name extends string, Own extends Options> {
  readonly name: Name;
  readonly title: string;
  readonly source: string;
  /** How other libraries call it: messages suggest the right name. */
  readonly words?: readonly string[];
  /** With `interval` where its time can count epochs; else it counts steps. */
  readonly options: Own;
  readonly open: (settings: Filled<Own>, training: Training) => Course;
  /** The option that has it move the optimizer's momentum. */
  readonly momentumOption?: keyof Own & string;
}

/** A schedule of the registry. */
export interface NamedSchedule<Name extends string = string, Own extends Options = Options> extends Described {
  readonly name: Name;
  readonly schema: z.ZodObject<{ name: z.ZodLiteral<Name> } & FilledShape<Own & typeof commonOptions>, z.core.$strict>;
  /** Options have their defaults already. */
  open(spec: object, training: Training): Course;
  readonly momentumOption: string | undefined;
}

/** Turns a definition into an entry of the registry, whose schema derives from it. */
export function defineSchedule<const Name extends string, const Own extends Options>(
  definition: ScheduleDefinition<Name, Own>,
): NamedSchedule<Name, Own> {
  const { name, title, source, words, options, open, momentumOption } = definition;
  const shape = { name: z.literal(name), ...filledShape({ ...commonOptions, ...options }) };
  return {
    name,
    title,
    source,
    options: describeOptions(options),
    schema: alsoCalled(z.strictObject(shape), words) as unknown as NamedSchedule<Name, Own>['schema'],
    open: (spec, training) => open(spec as Filled<Own>, training),
    momentumOption,
  };
}
