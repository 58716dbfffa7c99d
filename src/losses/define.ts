import { z } from 'zod';
import { type Described, describeOptions } from '../base/described.js';
import {
  type Filled,
  fillOptions,
  type GivenShape,
  givenShape,
  type Options,
  type OptionsCheck,
  withChecks,
} from '../base/options.js';
import { alsoCalled } from '../base/schema-names.js';
import type { LossAlgebra, LossInputs, WeightedLosses } from './algebra.js';

/**
 * What a loss takes the model's outputs for:
 * - `softmax`: logits of one distribution over all classes, or its probabilities;
 * - `sigmoid`: logits of one probability for each class, or those;
 * - `margins`: scores, of which the greatest is the class;
 * - `values`: numbers on the scale of the targets;
 * - `any`: only its own code knows.
 */
export type OutputMeaning = 'softmax' | 'sigmoid' | 'margins' | 'values' | 'any';

type Spec<Own extends Options> = z.output<z.ZodObject<GivenShape<Own>>>;

/** Which networks a loss of detectors is for. */
interface DetectorTraits {
  /** Boxes that each cell of a feature map predicts. */
  readonly boxesPerCell: number;
  /** A network that the loss is for. */
  readonly network: string;
  /** Of a loss that chooses at random: options with which it takes all. */
  readonly takesAll?: Readonly<Record<string, number>>;
}

/** What a file of `named/` says of its loss. */
interface LossDefinition<Name extends string, Own extends Options> {
  readonly name: Name;
  readonly title: string;
  readonly source: string;
  /** How other libraries call it: messages suggest the right name. */
  readonly words?: readonly string[];
  readonly outputs: OutputMeaning;
  /** With `fromLogits` from `common.ts` where outputs are logits that a model may already have activated. */
  readonly options: Own;
  readonly checks?: readonly OptionsCheck<Spec<Own>>[];
  /** Options that are lists of one number a class. */
  readonly perClass?: readonly (keyof Own & string)[];
  /** True where pixels of masks are not judged one by one: the formula gives losses and weights of images, [B]. */
  readonly perImage?: true;
  /** Of a loss of detectors, whose targets are boxes. */
  readonly detector?: DetectorTraits;
  /**
   * The loss of each sample, in the algebra that both engines evaluate. Undefined for a loss that is a function of a
   * module, which the eager engine alone can run.
   */
  readonly formula?: <Value>(
    math: LossAlgebra<Value>,
    inputs: LossInputs<Value>,
    settings: Filled<Own>,
  ) => Value | WeightedLosses<Value>;
  /** Options with which the tests compare both engines and finite differences. */
  readonly examples: readonly Spec<Own>[];
}

/** A loss of the registry. */
export interface NamedLoss<Name extends string = string, Own extends Options = Options> extends Described {
  readonly name: Name;
  readonly schema: z.ZodObject<{ name: z.ZodLiteral<Name> } & GivenShape<Own>, z.core.$strict>;
  readonly outputs: OutputMeaning;
  /** Whether it has the option `fromLogits`. */
  readonly takesLogits: boolean;
  readonly perClass: readonly string[];
  /** Whether it has a formula, and the graph can have it. */
  readonly compiles: boolean;
  readonly perImage: boolean;
  readonly boxes: boolean;
  /** Of a loss of detectors. */
  readonly detector: DetectorTraits | undefined;
  readonly examples: readonly ({ readonly name: Name } & Readonly<Record<string, unknown>>)[];
  /** Losses and weights of samples by the formula. */
  sample<Value>(spec: object, inputs: LossInputs<Value>, math: LossAlgebra<Value>): WeightedLosses<Value>;
}

/** Turns a definition into an entry of the registry, whose schema and traits derive from it. */
export function defineLoss<const Name extends string, const Own extends Options>(
  definition: LossDefinition<Name, Own>,
): NamedLoss<Name, Own> {
  const {
    name,
    title,
    source,
    words,
    outputs,
    options,
    checks = [],
    perClass = [],
    formula,
    examples,
    perImage = false,
    detector,
  } = definition;
  const schema = z.strictObject({ name: z.literal(name), ...givenShape(options) });
  return {
    name,
    title,
    source,
    options: describeOptions(options),
    schema: alsoCalled(withChecks(schema, checks as never), words) as unknown as NamedLoss<Name, Own>['schema'],
    outputs,
    takesLogits: 'fromLogits' in options,
    perClass,
    perImage,
    boxes: detector !== undefined,
    detector,
    compiles: formula !== undefined,
    examples: examples.map((example) => ({ name, ...example })),
    sample(spec, inputs, math) {
      if (formula === undefined) throw new TypeError(`the loss ${name} has no formula`);
      const sampled = formula(math, inputs, fillOptions(options, spec));
      return isWeighted(sampled) ? sampled : { losses: sampled, weights: undefined };
    },
  };
}

function isWeighted<Value>(sampled: Value | WeightedLosses<Value>): sampled is WeightedLosses<Value> {
  return typeof sampled === 'object' && sampled !== null && 'losses' in sampled;
}
