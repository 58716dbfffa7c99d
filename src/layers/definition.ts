import { type Tensor, tf } from '../base/tf.js';
import type { Arguments, Conversion } from './arguments.js';
import type { Layer, Lowering } from './scope.js';
import type { LayerSettings } from './settings.js';

/** Where the eager engine's random layers draw from: pure functions of the step's key, the layer's place and the shape. */
export interface RandomSource {
  /** 1 with probability 1 - rate, else 0. */
  keepMask(shape: readonly number[], rate: number, place: number): Tensor;
  /** Standard normal numbers. */
  normal(shape: readonly number[], place: number): Tensor;
  /** Uniform numbers from 0 up to 1. */
  uniform(shape: readonly number[], place: number): Tensor;
  /** Images by projections, TensorFlow's `ImageProjectiveTransformV3`; tfjs has no such op in Node.js. */
  project(images: Tensor, transforms: Tensor, options: ProjectionOptions): Tensor;
}

/** How pixels between and beyond those of an image are made. */
export interface ProjectionOptions {
  readonly interpolation: string;
  readonly fillMode: string;
  readonly fillValue: number;
}

/** What a random layer computes in training, on tensors. */
export type Draw = (
  settings: LayerSettings,
  x: Tensor,
  random: RandomSource,
  place: number,
  call: { readonly layer: Layer; readonly inputs: Tensor | Tensor[] },
) => Tensor;

/** The class of a layer that convoy defines, as tfjs registers it. */
export type LayerClass = Parameters<typeof tf.serialization.registerClass<Layer>>[0];

/** All that convoy knows of one class of layer. */
export interface LayerDefinition {
  /** As Keras and tfjs call it. */
  readonly className: string;
  /** The arguments of its configuration that are understood; a layer with any other is refused. */
  readonly arguments: Arguments;
  /** What becomes of arguments that tfjs's layer takes in another form. */
  readonly convert?: Conversion;
  /** Names of its inputs in a call, in the order that the layer takes them, where a call may give them by name. */
  readonly callInputs?: readonly string[];
  /** Arguments of its call that say nothing when they have these values; a call with any other is refused. */
  readonly callDefaults?: Readonly<Record<string, unknown>>;
  /** Adds the layer's computation to a graph. */
  readonly lower: Lowering;
  /** Set where the layer draws random numbers in training: the same computation for the eager engine. */
  readonly draw?: Draw;
  /** True where training normalizes by the statistics of the shard. */
  readonly batchStatistics?: true;
  /** tfjs's layer, where it is convoy's own. */
  readonly layer?: LayerClass;
  /** True where networks described in JSON may name that layer: it writes all of its arguments into its configuration. */
  readonly described?: true;
}

const definitions = new Map<string, LayerDefinition>();

/**
 * Makes a class of layer known: to files of Keras and tfjs, to both engines, to `verify` and to networks described in JSON.
 * Every file of `definitions/` calls it; a definition is one such file and one test.
 */
export function defineLayer(definition: LayerDefinition): void {
  const { className, layer } = definition;
  if (definitions.has(className)) throw new TypeError(`the layer ${className} is defined twice`);
  definitions.set(className, definition);
  if (layer !== undefined) tf.serialization.registerClass(layer);
}

/** What is known of a class of layer. */
export function layerDefinition(className: string): LayerDefinition | undefined {
  return definitions.get(className);
}

/** Every definition, in order of the files. */
export function layerDefinitions(): LayerDefinition[] {
  return [...definitions.values()];
}
