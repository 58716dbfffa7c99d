/** Parameters of transforms: what a person may write, what that becomes, and how both are said in help and messages. */
import { z } from 'zod';

/** Low and high end of what is drawn from. */
export type Interval = readonly [low: number, high: number];

/** One parameter: its schema (with the default in it), what is expected in words, and help. */
export interface Parameter<Value = unknown> {
  readonly schema: z.ZodType<Value>;
  readonly expected: string;
  readonly description: string;
  /** As a person would write it; undefined where one must. */
  readonly default?: number | string | Interval;
}

/** A number from `minimum` to `maximum`. */
export const number = (minimum: number, maximum: number, fallback: number, description: string): Parameter<number> => ({
  schema: z.number().min(minimum).max(maximum).default(fallback),
  expected: `a number from ${minimum} to ${maximum}`,
  description,
  default: fallback,
});

/** An integer from `minimum` to `maximum`. */
export const integer = (
  minimum: number,
  maximum: number,
  fallback: number,
  description: string,
): Parameter<number> => ({
  schema: z.int().min(minimum).max(maximum).default(fallback),
  expected: `an integer from ${minimum} to ${maximum}`,
  description,
  default: fallback,
});

/** One of some words. */
export const choice = <const Values extends readonly [string, ...string[]]>(
  values: Values,
  fallback: Values[number],
  description: string,
): Parameter<Values[number]> => ({
  schema: z.enum(values).prefault(fallback),
  expected: `one of ${values.join(', ')}`,
  description,
  default: fallback,
});

const pair = (minimum: number, maximum: number) =>
  z
    .tuple([z.number().min(minimum).max(maximum), z.number().min(minimum).max(maximum)])
    .refine(([low, high]) => low <= high);

/** An interval within `minimum` to `maximum`. */
export const interval = (
  minimum: number,
  maximum: number,
  fallback: Interval,
  description: string,
): Parameter<Interval> => ({
  schema: pair(minimum, maximum).default([...fallback]),
  expected: `[low, high] with ${minimum} <= low <= high <= ${maximum}`,
  description,
  default: fallback,
});

/** As torchvision's `degrees`: one number x for the interval from -x to x, or the interval itself. */
export const spread = (limit: number, fallback: number | Interval, description: string): Parameter<Interval> => ({
  schema: z
    .union([z.number().min(0).max(limit), pair(-limit, limit)])
    .default(typeof fallback === 'number' ? fallback : [...fallback])
    .transform((given): Interval => (typeof given === 'number' ? [-given, given] : given)),
  expected: `a number from 0 to ${limit} or [low, high] within ±${limit}`,
  description,
  default: fallback,
});

/** As torchvision's `brightness`: one number x for factors from 1 - x to 1 + x, or the interval itself. */
export const factor: Parameter<Interval> = {
  schema: z
    .union([z.number().min(0).max(1), pair(0, 10)])
    .default(0.5)
    .transform((given): Interval => (typeof given === 'number' ? [1 - given, 1 + given] : given)),
  expected: 'a number x from 0 to 1 (factors 1-x to 1+x) or [low, high] with 0 <= low <= high <= 10',
  description: 'range of factors',
  default: 0.5,
};

/** The chance that an image is transformed. */
export const probability = (fallback: number): Parameter<number> =>
  number(0, 1, fallback, 'chance that an image is transformed');
