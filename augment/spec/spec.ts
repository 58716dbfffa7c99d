/** What to do to the images of a batch: a list of transforms, from text (`flip,crop:4,rotate:15`) or JSON. */
import { z } from 'zod';
import { optionError } from '../../src/base/errors.js';
import { type ImageTransform, type TransformSettings, transformNamed, transforms } from '../transforms/index.js';

/** Transforms in the order they are applied. Plain data. */
export type AugmentSpec = readonly TransformSettings[];

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

/** Checks one transform's options against its definition, and fills in defaults. */
function fill(
  transform: ImageTransform,
  given: Readonly<Record<string, unknown>>,
  path: readonly (string | number)[],
): TransformSettings {
  const { name, options } = transform;
  for (const key of Object.keys(given)) {
    if (!Object.hasOwn(options, key)) {
      throw new SpecProblem(path, `only the parameters ${Object.keys(options).join(', ')} of ${name}`, key);
    }
  }
  const filled: Record<string, unknown> = {};
  for (const [key, parameter] of Object.entries(options)) {
    const result = parameter.schema.safeParse(given[key]);
    if (!result.success) throw new SpecProblem([...path, key], parameter.expected, given[key]);
    filled[key] = result.data;
  }
  const broken = transform.check(filled);
  if (broken !== undefined) throw new SpecProblem([...path, broken.option], broken.expected, filled[broken.option]);
  return { name, ...filled } as TransformSettings; // what the definition's own schemas gave
}

function transformAt(name: unknown, path: readonly (string | number)[]): ImageTransform {
  const transform = typeof name === 'string' ? transformNamed(name) : undefined;
  if (transform !== undefined) return transform;
  throw new SpecProblem(path, `one of ${transforms.map((known) => known.name).join(', ')}, or none`, name);
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
    const transform = transformAt(word, []);
    const keys = Object.keys(transform.options);
    if (values.length > keys.length) {
      throw new SpecProblem([word], `at most ${keys.length} parameters (${keys.join(', ')})`, values);
    }
    return fill(transform, Object.fromEntries(values.map((value, i) => [keys[i] ?? '', parseValue(value)])), [word]);
  });
}

function readJson(value: unknown): AugmentSpec {
  if (typeof value === 'string') return readText(value);
  if (!Array.isArray(value)) throw new SpecProblem([], 'a text or an array of transforms', value);
  return value.map((item: unknown, index): TransformSettings => {
    if (typeof item === 'string') return fill(transformAt(item, [index]), {}, [index]);
    if (typeof item !== 'object' || item === null)
      throw new SpecProblem([index], 'a name or an object with a name', item);
    const { name, ...parameters }: { name?: unknown; [key: string]: unknown } = { ...item };
    return fill(transformAt(name, [index, 'name']), parameters, [index]);
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
