/** What to do to the images of a batch: a list of transforms, from text (`flip,crop:4,rotate:15`) or JSON. */
import { valueError } from '../../src/base/errors.js';
import { choiceProblem, keyProblem, readerSchema, readNamed, valueProblem } from '../../src/base/problem.js';
import { type ImageTransform, type TransformSettings, transformNamed, transforms } from '../transforms/index.js';

/** Transforms in the order they are applied. Plain data. */
export type AugmentSpec = readonly TransformSettings[];

/** Transforms by name, and how torchvision calls them. */
const transformNames = {
  known: transforms.map(({ name }) => name),
  aliases: Object.fromEntries(transforms.map(({ name, torchvision }) => [name, (torchvision ?? '').split(/\W+/)])),
};

/** How torchvision and Keras call parameters. */
const aliases = {
  probability: ['p', 'chance'],
  degrees: ['angle'],
  deviation: ['std'],
  factor: ['brightness', 'contrast'],
};

/** Checks one transform's options against its definition, and fills in defaults. */
function fill(
  transform: ImageTransform,
  given: Readonly<Record<string, unknown>>,
  path: readonly (string | number)[],
): TransformSettings {
  const { name, options } = transform;
  for (const key of Object.keys(given)) {
    if (!Object.hasOwn(options, key)) throw keyProblem(path, name, key, { known: Object.keys(options), aliases });
  }
  const filled: Record<string, unknown> = {};
  for (const [key, parameter] of Object.entries(options)) {
    const result = parameter.schema.safeParse(given[key]);
    if (!result.success) throw valueProblem([...path, key], parameter.expected, given[key]);
    filled[key] = result.data;
  }
  const broken = transform.check(filled);
  if (broken !== undefined) throw valueProblem([...path, broken.option], broken.expected, filled[broken.option]);
  return { name, ...filled } as TransformSettings; // what the definition's own schemas gave
}

function transformAt(name: unknown, path: readonly (string | number)[]): ImageTransform {
  const transform = typeof name === 'string' ? transformNamed(name) : undefined;
  if (transform !== undefined) return transform;
  throw choiceProblem(path, name, {
    ...transformNames,
    what: 'transform',
    also: 'none',
    list: 'convoy augment --help',
  });
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
      throw valueProblem(
        [word],
        `at most ${keys.length === 1 ? 'one value' : `${keys.length} values`} (${keys.join(', ')})`,
        values,
      );
    }
    return fill(transform, Object.fromEntries(values.map((value, i) => [keys[i] ?? '', parseValue(value)])), [word]);
  });
}

function readJson(value: unknown): AugmentSpec {
  if (typeof value === 'string') return readText(value);
  if (!Array.isArray(value)) throw valueProblem([], 'a text or an array of transforms', value);
  return value.map((item: unknown, index): TransformSettings => {
    if (typeof item === 'string') return fill(transformAt(item, [index]), {}, [index]);
    if (typeof item !== 'object' || item === null) throw valueProblem([index], 'a name or an object with a name', item);
    const { name, ...parameters }: { name?: unknown; [key: string]: unknown } = { ...item };
    return fill(transformAt(name, [index, 'name']), parameters, [index]);
  });
}

/**
 * Reads a list of transforms: `none`, or names joined by commas, each with parameters in the registry's order behind
 * colons: `flip,crop:4:reflect,rotate:15`. A range is `low..high`.
 *
 * @throws ConvoyError `CONVOY_OPTION` naming the transform, the parameter and its range.
 */
export function parseAugment(text: string, name = '--augment'): AugmentSpec {
  return readNamed(name, () => readText(text));
}

/**
 * Checks the JSON form of recipes: a text as for `parseAugment`, or an array of names and of objects
 * `{ "name": "rotate", "degrees": 15 }`.
 *
 * @throws ConvoyError `CONVOY_OPTION` naming the place, the parameter and its range.
 */
export function validateAugment(value: unknown): AugmentSpec {
  return readNamed('augment', () => readJson(value));
}

/** The JSON form as part of a larger schema. */
export const augmentSchema = readerSchema(readJson);

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
    throw valueError(
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
