/** What to do to the images of a batch: a list of transforms, from text (`flip,crop:4,rotate:15`) or JSON. */
import { z } from 'zod';
import { optionError } from '../../src/base/errors.js';
import { isTransformName, type TransformEntry, type TransformName, transforms } from './registry.js';

/** Low and high end of what is drawn from. */
export type Range = readonly [number, number];

/** One transform with every parameter filled in; ranges are always [low, high]. */
export type Transform =
  | {
      readonly name: 'flip' | 'verticalFlip' | 'rotate90' | 'grayscale' | 'invert' | 'autocontrast' | 'equalize';
      readonly probability: number;
    }
  | { readonly name: 'crop'; readonly padding: number; readonly border: 'zero' | 'edge' | 'reflect' }
  | { readonly name: 'resizedCrop'; readonly scale: Range; readonly ratio: Range }
  | { readonly name: 'centerCrop'; readonly fraction: number }
  | { readonly name: 'rotate'; readonly degrees: Range }
  | { readonly name: 'translate'; readonly horizontal: number; readonly vertical: number }
  | { readonly name: 'scale'; readonly range: Range }
  | { readonly name: 'shear'; readonly horizontal: Range; readonly vertical: Range }
  | {
      readonly name: 'affine';
      readonly degrees: Range;
      readonly translate: Range;
      readonly scale: Range;
      readonly shear: Range;
    }
  | { readonly name: 'brightness' | 'contrast' | 'saturation'; readonly factor: Range }
  | { readonly name: 'hue'; readonly shift: Range }
  | { readonly name: 'blur'; readonly sigma: Range; readonly probability: number }
  | { readonly name: 'sharpness'; readonly factor: number; readonly probability: number }
  | { readonly name: 'posterize'; readonly bits: number; readonly probability: number }
  | { readonly name: 'solarize'; readonly threshold: number; readonly probability: number }
  | {
      readonly name: 'erase';
      readonly probability: number;
      readonly scale: Range;
      readonly ratio: Range;
      readonly value: number;
    }
  | { readonly name: 'randAugment'; readonly operations: number; readonly magnitude: number; readonly bins: number }
  | { readonly name: 'trivialAugment'; readonly bins: number }
  | { readonly name: 'normalize'; readonly mean: readonly number[]; readonly deviation: readonly number[] };

/** Transforms in the order they are applied. Plain data. */
export type AugmentSpec = readonly Transform[];

const range = z.tuple([z.number(), z.number()]);
const ranged = z.union([range, z.number().transform((x): [number, number] => [-x, x])]);
const factored = z.union([range, z.number().transform((x): [number, number] => [1 - x, 1 + x])]);
const chance = z.number();

/** Second pass: parameters already checked one by one become a `Transform`, single numbers ranges. */
const transformSchema: z.ZodType<Transform> = z.discriminatedUnion('name', [
  z.object({
    name: z.enum(['flip', 'verticalFlip', 'rotate90', 'grayscale', 'invert', 'autocontrast', 'equalize']),
    probability: chance,
  }),
  z.object({ name: z.literal('crop'), padding: z.number(), border: z.enum(['zero', 'edge', 'reflect']) }),
  z.object({ name: z.literal('resizedCrop'), scale: range, ratio: range }),
  z.object({ name: z.literal('centerCrop'), fraction: z.number() }),
  z.object({ name: z.literal('rotate'), degrees: ranged }),
  z.object({ name: z.literal('translate'), horizontal: z.number(), vertical: z.number() }),
  z.object({ name: z.literal('scale'), range }),
  z.object({ name: z.literal('shear'), horizontal: ranged, vertical: ranged }),
  z.object({ name: z.literal('affine'), degrees: ranged, translate: range, scale: range, shear: ranged }),
  z.object({ name: z.enum(['brightness', 'contrast', 'saturation']), factor: factored }),
  z.object({ name: z.literal('hue'), shift: ranged }),
  z.object({ name: z.literal('blur'), sigma: range, probability: chance }),
  z.object({ name: z.literal('sharpness'), factor: z.number(), probability: chance }),
  z.object({ name: z.literal('posterize'), bits: z.number(), probability: chance }),
  z.object({ name: z.literal('solarize'), threshold: z.number(), probability: chance }),
  z.object({ name: z.literal('erase'), probability: chance, scale: range, ratio: range, value: z.number() }),
  z.object({ name: z.literal('randAugment'), operations: z.number(), magnitude: z.number(), bins: z.number() }),
  z.object({ name: z.literal('trivialAugment'), bins: z.number() }),
  z.object({ name: z.literal('normalize'), mean: z.array(z.number()), deviation: z.array(z.number()) }),
]);

/** What is wrong with a list, and where in it. */
class SpecProblem extends Error {
  readonly path: readonly (string | number)[];
  readonly expected: string;
  readonly received: unknown;

  constructor(path: readonly (string | number)[], expected: string, received: unknown) {
    super(expected);
    this.path = path;
    this.expected = expected;
    this.received = received;
  }
}

/** Checks one transform's parameters against the registry. */
function fill(
  name: TransformName,
  given: Readonly<Record<string, unknown>>,
  path: readonly (string | number)[],
): Transform {
  const entry: TransformEntry = transforms[name];
  for (const key of Object.keys(given)) {
    if (!Object.hasOwn(entry.parameters, key)) {
      throw new SpecProblem(path, `only the parameters ${Object.keys(entry.parameters).join(', ')} of ${name}`, key);
    }
  }
  const filled: Record<string, unknown> = { name };
  for (const [key, parameter] of Object.entries(entry.parameters)) {
    const result = parameter.schema.safeParse(given[key]);
    if (!result.success) throw new SpecProblem([...path, key], parameter.expected, given[key]);
    filled[key] = result.data;
  }
  const transform = transformSchema.parse(filled);
  if (transform.name === 'normalize' && transform.mean.length !== transform.deviation.length) {
    throw new SpecProblem(
      [...path, 'deviation'],
      `${transform.mean.length} numbers, as many as mean`,
      transform.deviation,
    );
  }
  if (transform.name === 'randAugment' && transform.magnitude >= transform.bins) {
    throw new SpecProblem([...path, 'magnitude'], `integer below bins (${transform.bins})`, transform.magnitude);
  }
  return transform;
}

function checkName(name: unknown, path: readonly (string | number)[]): TransformName {
  if (typeof name === 'string' && isTransformName(name)) return name;
  throw new SpecProblem(path, `one of ${Object.keys(transforms).join(', ')}, or none`, name);
}

/** One value in text: a number, `low..high`, numbers joined by `/`, or a word. */
function parseValue(text: string): unknown {
  const numbers = text.split(/\.\.|\//).map((part) => (part.trim() === '' ? NaN : Number(part)));
  if (numbers.some(Number.isNaN)) return text;
  return numbers.length === 1 ? numbers[0] : numbers;
}

function readText(text: string): AugmentSpec {
  if (text.trim() === '' || text.trim() === 'none') return [];
  return text.split(',').map((item) => {
    const [word = '', ...values] = item.trim().split(':');
    const name = checkName(word, []);
    const keys = Object.keys(transforms[name].parameters);
    if (values.length > keys.length) {
      throw new SpecProblem([name], `at most ${keys.length} parameters (${keys.join(', ')})`, values);
    }
    return fill(name, Object.fromEntries(values.map((value, i) => [keys[i] ?? '', parseValue(value)])), [name]);
  });
}

function readJson(value: unknown): AugmentSpec {
  if (typeof value === 'string') return readText(value);
  if (!Array.isArray(value)) throw new SpecProblem([], 'a text or an array of transforms', value);
  return value.map((item: unknown, index): Transform => {
    if (typeof item === 'string') return fill(checkName(item, [index]), {}, [index]);
    if (typeof item !== 'object' || item === null)
      throw new SpecProblem([index], 'a name or an object with a name', item);
    const { name, ...parameters }: { name?: unknown; [key: string]: unknown } = { ...item };
    return fill(checkName(name, [index, 'name']), parameters, [index]);
  });
}

function read(reader: () => AugmentSpec, where: string): AugmentSpec {
  try {
    return reader();
  } catch (error) {
    if (error instanceof SpecProblem)
      throw optionError([where, ...error.path].join('.'), error.expected, error.received);
    throw error;
  }
}

/**
 * Reads a list of transforms: `none`, or names joined by commas, each with parameters in the registry's order behind
 * colons: `flip,crop:4:reflect,rotate:15`. A range is `low..high`.
 *
 * @throws ConvoyError `CONVOY_OPTION` naming the transform, the parameter and its range.
 */
export function parseAugment(text: string): AugmentSpec {
  return read(() => readText(text), '--augment');
}

/**
 * Checks the JSON form of recipes: a text as for `parseAugment`, or an array of names and of objects
 * `{ "name": "rotate", "degrees": 15 }`.
 *
 * @throws ConvoyError `CONVOY_OPTION` naming the place, the parameter and its range.
 */
export function validateAugment(value: unknown): AugmentSpec {
  return read(() => readJson(value), 'augment');
}

/** The JSON form as part of a larger schema; an issue's message is what was expected at its path. */
export const augmentSchema = z.unknown().transform((value, context): AugmentSpec => {
  try {
    return readJson(value);
  } catch (error) {
    if (!(error instanceof SpecProblem)) throw error;
    context.addIssue({ code: 'custom', path: [...error.path], message: error.expected, input: error.received });
    return z.NEVER;
  }
});

/**
 * Parts a list into what the stage does and its `normalize`, which is the network's input scaling: there it costs
 * nothing, and images that are evaluated are scaled too.
 *
 * @throws ConvoyError `CONVOY_OPTION` for more than one `normalize`.
 */
export function splitNormalize(spec: AugmentSpec): {
  readonly transforms: AugmentSpec;
  readonly normalize?: { readonly mean: readonly number[]; readonly std: readonly number[] };
} {
  const [first, second] = spec.filter((transform) => transform.name === 'normalize');
  if (second !== undefined)
    throw optionError(
      'augment',
      'at most one normalize',
      spec.map(({ name }) => name),
    );
  if (first === undefined) return { transforms: spec };
  return {
    transforms: spec.filter((transform) => transform !== first),
    normalize: { mean: first.mean, std: first.deviation },
  };
}
