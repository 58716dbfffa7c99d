import { classNameOf, isObject, type JsonObject } from './values.js';

/** Who wrote a configuration: some arguments mean different things under one name. */
export type Dialect = 'keras 3' | 'keras 2' | 'tfjs';

/** What becomes of one argument of a layer's configuration. */
export interface ArgumentRule {
  /** Whether tfjs's layer is given it. */
  readonly passed: boolean;
  /** What tfjs's layer calls it, where that is not its name in camel case. */
  readonly as?: string;
  /** What the value has to be, in words and as a function; any value where undefined. */
  readonly expected?: string;
  readonly accepts?: (value: unknown, dialect: Dialect) => boolean;
  /** The value as tfjs has it, where that is more than a matter of spelling. */
  readonly read?: (value: unknown, dialect: Dialect) => unknown;
}

/** Rules by the argument's name in a file of Keras. */
export type Arguments = Readonly<Record<string, ArgumentRule>>;

/** What a conversion sees of a layer. */
interface LayerReading {
  /** The file's own configuration. */
  readonly given: JsonObject;
  /** What the rules made of it for tfjs. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly dialect: Dialect;
  /** Keras 3's `build_config.input_shape`. */
  readonly inputShape: unknown;
  /** Throws an error that names the layer. */
  refuse(expected: string, found: unknown): never;
}

/** Class and configuration of tfjs's layer. */
export interface ConvertedLayer {
  readonly className: string;
  readonly config: Readonly<Record<string, unknown>>;
}

/** Makes tfjs's layer of one whose arguments are all known. */
export type Conversion = (reading: LayerReading) => ConvertedLayer;

/** Passed on as it is. */
export const kept: ArgumentRule = { passed: true };

/** Says nothing about the computation: seeds of other programs' random numbers and the like. */
export const meaningless: ArgumentRule = { passed: false };

/** For `convert` alone. */
export const converted: ArgumentRule = { passed: false };

/** Passed on under another name. */
export function renamed(as: string): ArgumentRule {
  return { passed: true, as };
}

/** Passed on if it is one of these values. */
export function among(...values: readonly (string | number | boolean | null)[]): ArgumentRule {
  return {
    passed: true,
    expected: values.map(String).join(' or '),
    accepts: (value) => values.some((known) => known === value),
  };
}

/** Understood with these values alone, which are those of tfjs's layer. */
export function only(...values: readonly (string | number | boolean | null)[]): ArgumentRule {
  return { ...among(...values), passed: false };
}

/** Null, or a penalty l1 sum |w| + l2 sum w^2. */
export const regularizer: ArgumentRule = {
  passed: true,
  expected: 'none, L1, L2 or L1L2',
  accepts: (value) =>
    value === null ||
    (isObject(value) ? /^L1L2$|^L[12]$/.test(classNameOf(value) ?? '') : /^l1$|^l2$|^l1_?l2$/i.test(String(value))),
};

/** tfjs builds no layer with a penalty on its outputs. */
export const activityRegularizer: ArgumentRule = {
  ...only(null),
  expected: 'none: penalties on outputs are not computed',
};

/** Weights move freely: no optimizer here projects them. */
export const constraint: ArgumentRule = { ...only(null), expected: 'none' };

/** Initializer, regularizer and constraint of weights: `weightArguments('kernel', 'bias')`. */
export function weightArguments(...weights: readonly string[]): Arguments {
  return Object.fromEntries(
    weights.flatMap((weight) => [
      [`${weight}_initializer`, kept],
      [`${weight}_regularizer`, regularizer],
      [`${weight}_constraint`, constraint],
    ]),
  );
}

/** Where channels are. */
export const dataFormat: ArgumentRule = among('channels_last', 'channels_first');

const dtypes: ReadonlySet<string> = new Set(
  ['float32', 'float16', 'bfloat16', 'float64'].flatMap((type) => [type, `mixed_${type}`]),
);

/** The precision of a run is set by its own options; numbers that are no floats are refused. */
const dtype: ArgumentRule = {
  passed: false,
  expected: 'a type of floats',
  accepts: (value) => {
    const name = isObject(value) && isObject(value['config']) ? value['config']['name'] : value;
    return name === null || (typeof name === 'string' && dtypes.has(name));
  },
};

/** What every layer takes. */
export const commonArguments: Arguments = {
  name: kept,
  trainable: kept,
  dtype,
  batch_input_shape: kept,
  batch_shape: renamed('batchInputShape'),
  dynamic: meaningless,
  autocast: meaningless,
  input_dtype: meaningless,
};
