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
import { type CommonSpec, commonOptions, type Style } from './common.js';
import type { GradientTransform } from './program.js';
import { addWeightDecay, decoupleWeightDecay } from './transforms.js';

/** A value, or one for each style where PyTorch and Keras differ. */
type ByStyle<Value> = Value | Readonly<Record<Style, Value>>;

/** What the transforms of an optimizer are made from: its own options, with the style's defaults filled in. */
export type Settings<Own extends Options> = {
  readonly [Name in keyof Own]: Settled<Own[Name]['default'], Filled<Own>[Name]>;
} & { readonly style: Style };

type Settled<Default, Value> = Default extends Readonly<Record<Style, unknown>> ? NonNullable<Value> : Value;

type OwnSpec<Own extends Options> = z.input<z.ZodObject<GivenShape<Own>>>;

/** What a file of `named/` says of its optimizer. */
interface OptimizerDefinition<Name extends string, Own extends Options> {
  readonly name: Name;
  readonly title: string;
  readonly source: string;
  /** How other libraries call it: messages suggest the right name. */
  readonly words?: readonly string[];
  /** Where schedules start unless a person says otherwise. */
  readonly learningRate: ByStyle<number>;
  /** Unless a person says otherwise; default 0. */
  readonly weightDecay?: ByStyle<number>;
  /**
   * Whether weight decay joins the gradient (coupled, as in most of PyTorch's optimizers) or shrinks the parameter
   * (decoupled, as in all of Keras's). Default: as the style has it.
   */
  readonly decay?: ByStyle<'coupled' | 'decoupled'>;
  /** Defaults may be one for each style: `{ pytorch, keras }`. */
  readonly options: Own;
  readonly checks?: readonly OptionsCheck<OwnSpec<Own>>[];
  /** Whether a schedule can move the optimizer's momentum: it has one, or a first beta that stands for it. */
  readonly takesMomentum?: (settings: Settings<Own>) => boolean;
  /**
   * From the gradient to the step that `descend` subtracts.
   *
   * @param decay the transforms of weight decay; empty where no parameter decays.
   */
  readonly transforms: (settings: Settings<Own>, decay: readonly GradientTransform[]) => readonly GradientTransform[];
  /** Options with which it reaches the minimum of a parabola within 600 steps: the tests try each. */
  readonly examples: readonly (OwnSpec<Own> & CommonSpec)[];
}

/** An optimizer of the registry. */
export interface NamedOptimizer<Name extends string = string, Own extends Options = Options> extends Described {
  readonly name: Name;
  /** Its own options and those of every optimizer. */
  readonly schema: z.ZodObject<{ name: z.ZodLiteral<Name> } & GivenShape<Own & typeof commonOptions>, z.core.$strict>;
  readonly examples: readonly (CommonSpec & { readonly name: Name })[];
  learningRate(spec: CommonSpec): number;
  weightDecay(spec: CommonSpec): number;
  takesMomentum(spec: CommonSpec): boolean;
  /**
   * @param decays whether any parameter has weight decay.
   */
  transforms(spec: CommonSpec, decays: boolean): readonly GradientTransform[];
}

/** Turns a definition into an entry of the registry, whose schema, defaults and chain derive from it. */
export function defineOptimizer<const Name extends string, const Own extends Options>(
  definition: OptimizerDefinition<Name, Own>,
): NamedOptimizer<Name, Own> {
  const { name, title, source, options, learningRate, weightDecay = 0 } = definition;
  const { decay = { pytorch: 'coupled', keras: 'decoupled' } } = definition;
  const settingsOf = (spec: CommonSpec): Settings<Own> => {
    const style = styleOf(spec);
    return { ...fillOptions(options, spec, (value) => ofStyle(value, style)), style } as Settings<Own>;
  };
  const schema = z.strictObject({ name: z.literal(name), ...givenShape({ ...commonOptions, ...options }) });
  return {
    name,
    title,
    source,
    options: [
      { name: 'learningRate', description: 'where schedules start', default: learningRate, required: false },
      ...describeOptions(options),
    ],
    schema: alsoCalled(
      withChecks(schema, (definition.checks ?? []) as never),
      definition.words,
    ) as unknown as NamedOptimizer<Name, Own>['schema'],
    examples: definition.examples.map((example) => ({ name, ...example })),
    learningRate: (spec) => spec.learningRate ?? (ofStyle(learningRate, styleOf(spec)) as number),
    weightDecay: (spec) => spec.weightDecay ?? (ofStyle(weightDecay, styleOf(spec)) as number),
    takesMomentum: (spec) => definition.takesMomentum?.(settingsOf(spec)) ?? false,
    transforms: (spec, decays) => {
      const decoupled = ofStyle(decay, styleOf(spec)) === 'decoupled';
      const shrinking = decays ? [decoupled ? decoupleWeightDecay() : addWeightDecay()] : [];
      return definition.transforms(settingsOf(spec), shrinking);
    },
  };
}

function styleOf({ style = 'pytorch' }: CommonSpec): Style {
  return style;
}

function ofStyle(value: unknown, style: Style): unknown {
  return typeof value === 'object' && value !== null && style in value ? Reflect.get(value, style) : value;
}
