import type { Tensor, tf } from '../base/tf.js';

/** Sizes of a tensor; null is the batch. */
export type BatchShape = (number | null)[];

/** A layer's configuration as tfjs writes it. */
export type SerializedConfig = ReturnType<InstanceType<typeof tf.layers.Layer>['getConfig']>;

/** Settings every layer takes. */
export interface LayerOptions {
  readonly name?: string;
  readonly trainable?: boolean;
}

/** The one input of a layer, which tfjs may wrap in an array. */
export function onlyInput(inputs: Tensor | Tensor[]): Tensor {
  const input = Array.isArray(inputs) ? inputs[0] : inputs;
  if (input === undefined) throw new TypeError('a layer was called without an input');
  return input;
}

/** The one input shape of a layer. */
export function onlyShape(shape: BatchShape | BatchShape[]): BatchShape {
  const [first] = shape;
  return Array.isArray(first) ? first : (shape as BatchShape);
}

/** What tfjs's layers take of `LayerOptions`: nothing that is undefined. */
export function baseOptions({ name, trainable }: LayerOptions): { name?: string; trainable?: boolean } {
  return { ...(name === undefined ? {} : { name }), ...(trainable === undefined ? {} : { trainable }) };
}

/** A size that a layer's weights depend on. */
export function fixedSize(shape: BatchShape, axis: number, layer: string): number {
  const size = shape.at(axis);
  if (typeof size !== 'number')
    throw new TypeError(`layer ${layer} needs a fixed size on axis ${axis} but has [${shape.join(', ')}]`);
  return size;
}
