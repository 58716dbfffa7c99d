/** What a transform is: one definition, from which lists, help, docs, the types of options and test cases derive. */
import type { RandomStream } from '../../src/base/random.js';
import type { PixelBox, PixelSize } from '../../src/contracts/index.js';
import type { Parameter } from './parameters.js';
import type { PlanBuilder } from './plan-builder.js';

/** A transform's parameters by name, in the order in which text gives them. */
export type Parameters = Readonly<Record<string, Parameter>>;

/** Values of parameters, defaults filled in. */
export type ValuesOf<Options extends Parameters> = {
  readonly [Option in keyof Options]: Options[Option] extends Parameter<infer Value> ? Value : never;
};

/** A condition between options that does not hold. */
interface BrokenCondition {
  readonly option: string;
  readonly expected: string;
}

/** What a definition says of a transform. */
interface TransformDefinition<Name extends string, Options extends Parameters> {
  /** Its name on the command line and in recipes. */
  readonly name: Name;
  readonly description: string;
  /** torchvision's name of it, whose meaning and defaults it has. */
  readonly torchvision?: string;
  readonly options: Options;
  /** Options for tests with which every image changes, besides the defaults. */
  readonly example?: { readonly [Option in keyof Options]?: unknown };
  /** True where samples of a window share parameters, so that mosaics of them are full; false by default. */
  readonly banked?: boolean;
  /** What the schemas of single options cannot say. */
  check?(options: ValuesOf<Options>): BrokenCondition | undefined;
  /** Draws the parameters of a window's samples and appends their steps. */
  plan(window: PlanBuilder, options: ValuesOf<Options>, stream: RandomStream): void;
  /**
   * The part of a photograph to keep, for a transform that may be done while decoding, where it comes first; absent for
   * one that may not.
   */
  part?(photograph: PixelSize, target: PixelSize, options: ValuesOf<Options>, stream: RandomStream): PixelBox;
}

/** A transform of the registry. */
export interface ImageTransform<Name extends string = string, Options extends Parameters = Parameters>
  extends TransformDefinition<Name, Options> {
  readonly banked: boolean;
  check(options: ValuesOf<Options>): BrokenCondition | undefined;
}

/** Turns a definition into a transform of the registry. */
export function defineTransform<const Name extends string, Options extends Parameters>(
  definition: TransformDefinition<Name, Options>,
): ImageTransform<Name, Options> {
  return { banked: false, check: () => undefined, ...definition };
}
