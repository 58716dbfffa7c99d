import { z } from 'zod';
import { combinationError, unknownKeyError, valueError } from '../base/errors.js';
import { RandomStream } from '../base/random.js';
import { keysOf } from '../base/schema-names.js';
import { parseOptions } from '../base/validate.js';
import { configSchema } from '../config/index.js';

const range = z
  .strictObject({
    min: z.number(),
    max: z.number(),
    /** `log`: equal chances for equal ratios. */
    scale: z.enum(['linear', 'log']).default('linear'),
    integer: z.boolean().default(false),
  })
  .refine(({ min, max }) => min < max, { path: ['max'], message: 'more than min' })
  .refine(({ min, scale }) => scale === 'linear' || min > 0, {
    path: ['min'],
    message: 'a number above 0 on a log scale',
  });

/** What is tried. Names are those of configurations, with dots inside objects: `optimizer.momentum`. */
export const spaceSchema = z.strictObject({
  /** Values by name. */
  grid: z.record(z.string(), z.array(z.unknown()).min(1).readonly()).default({}),
  /** Ranges by name, which need `random`. */
  ranges: z.record(z.string(), range).default({}),
  /** Draw so many trials, from lists and ranges; default: every combination of the lists. */
  random: z.int().min(1).optional(),
});

/** What is tried, as a person writes it. */
export type SpaceInput = z.input<typeof spaceSchema>;

/** Options of one trial by name. */
export type TrialParameters = Readonly<Record<string, unknown>>;

/** Digits of drawn numbers: enough for any search, and read at once. */
const drawnDigits = 4;
/** More combinations than this are a mistake. */
const mostTrials = 10_000;

/** Options that are objects with a name: a text stands for the name. */
const named: ReadonlySet<string> = new Set(['model', 'base', 'optimizer', 'loss', 'schedule', 'sampler']);

/**
 * The trials of a search space, in order: combinations of the lists, the last name fastest, or `random` draws. Draw i of a
 * name depends on `seed`, i and the name's place alone: more trials begin with the same ones.
 *
 * @throws ConvoyError `CONVOY_OPTION` for names or values that are none.
 */
export function trialsOf(input: SpaceInput, seed: number): TrialParameters[] {
  const { grid, ranges, random } = parseOptions(spaceSchema, input, 'sweep');
  const lists = Object.entries(grid).map(([name, values]) => [optionName(name), values] as const);
  const drawn = Object.entries(ranges).map(([name, given]) => [optionName(name), given] as const);
  const names = [...lists, ...drawn].map(([name]) => name);
  if (names.length === 0) throw valueError('sweep', 'something to try, as --grid learning-rate=0.1,0.01', undefined);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw combinationError(`sweep.${twice}`, 'excludes', 'a second list or range of the same name');
  if (random === undefined) {
    const [first] = drawn;
    if (first !== undefined)
      throw combinationError(`the range of ${first[0]}`, 'needs', '--random N, the number of draws');
    return combinations(lists);
  }
  return Array.from({ length: random }, (_, trial) => {
    const stream = (place: number): RandomStream => new RandomStream(seed, 'search', trial, place);
    return Object.fromEntries([
      ...lists.map(([name, values], place) => [name, values[stream(place).below(values.length)]]),
      ...drawn.map(([name, given], place) => [name, draw(given, stream(lists.length + place))]),
    ]) as TrialParameters;
  });
}

function combinations(lists: readonly (readonly [name: string, values: readonly unknown[]])[]): TrialParameters[] {
  const count = lists.reduce((product, [, values]) => product * values.length, 1);
  if (count > mostTrials) throw valueError('sweep.grid', `at most ${mostTrials} combinations`, count);
  return lists.reduce<TrialParameters[]>(
    (trials, [name, values]) => trials.flatMap((trial) => values.map((value) => ({ ...trial, [name]: value }))),
    [{}],
  );
}

function draw({ min, max, scale, integer }: z.output<typeof range>, stream: RandomStream): number {
  const share = stream.uniform();
  if (integer) {
    // Each integer has the part of the range up to the next one.
    const value = scale === 'log' ? min * ((max + 1) / min) ** share : min + (max + 1 - min) * share;
    return Math.min(max, Math.floor(value));
  }
  const value = scale === 'log' ? min * (max / min) ** share : min + (max - min) * share;
  return Math.min(max, Math.max(min, Number(value.toPrecision(drawnDigits))));
}

/** A configuration's name for what a person calls an option: `lr`, `batch-size`, `optimizer.weight-decay`. */
export function optionName(given: string): string {
  const [head = '', ...rest] = given.split('.');
  const plain = (word: string): string => word.toLowerCase().replace(/[^a-z0-9]/g, '');
  const { known, aliases } = keysOf(configSchema, {});
  const key = known.find((name) => [name, ...(aliases[name] ?? [])].some((word) => plain(word) === plain(head)));
  if (key === undefined) throw unknownKeyError('a sweep', given, { known, aliases, list: 'convoy train --help' });
  const inner = rest.map((word) => word.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()));
  return [key, ...inner].join('.');
}

/** A trial's options as a layer over a configuration. */
export function configLayer(parameters: TrialParameters): Record<string, unknown> {
  return Object.entries(parameters).reduce<Record<string, unknown>>((layer, [name, value]) => {
    const own = named.has(name) && typeof value === 'string' ? { name: value } : value;
    const nested = name.split('.').reduceRight<unknown>((inner, key) => ({ [key]: inner }), own);
    return merged(layer, nested) as Record<string, unknown>;
  }, {});
}

function merged(a: unknown, b: unknown): unknown {
  if (!isObject(a) || !isObject(b)) return b;
  return { ...a, ...Object.fromEntries(Object.entries(b).map(([key, value]) => [key, merged(a[key], value)])) };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
