import { biasAdd, cast, reshape, transpose, type Value, type WindowOptions, type WindowPadding } from '../ops/index.js';
import { activate, activation } from './activations.js';
import { type Arguments, activityRegularizer, among, dataFormat, kept, weightArguments } from './arguments.js';
import type { LayerScope } from './scope.js';

/** TensorFlow's name of a layer's padding. */
export function paddingOf(scope: LayerScope): WindowPadding {
  const name = scope.settings.string('padding', 'valid');
  if (name === 'same') return 'SAME';
  if (name === 'valid') return 'VALID';
  throw scope.error("padding 'same' or 'valid'", JSON.stringify(name));
}

/** Strides, padding and dilation of a layer's window. */
export function windowOf(scope: LayerScope): WindowOptions {
  return {
    strides: scope.settings.pair('strides', [1, 1]),
    padding: paddingOf(scope),
    dilations: scope.settings.pair('dilationRate', [1, 1]),
  };
}

/** Runs `lower` on [B, h, w, c], whatever the layer's data format. */
export function channelsLast(scope: LayerScope, x: Value, lower: (x: Value) => Value): Value {
  if (scope.settings.string('dataFormat', 'channelsLast') !== 'channelsFirst') return lower(x);
  return transpose(scope.graph, lower(transpose(scope.graph, x, [0, 2, 3, 1])), [0, 3, 1, 2]);
}

/** Adds the layer's bias, if it has one, and applies its activation. */
export function finish(scope: LayerScope, x: Value): Value {
  const biased = scope.has('bias') ? biasAdd(scope.graph, x, cast(scope.graph, scope.weight('bias'), x.type)) : x;
  return activate(scope, biased);
}

/** A kernel in the type of the layer's products. */
export function kernelOf(scope: LayerScope, name: string): Value {
  return scope.compute(scope.weight(name));
}

/** Runs `lower` on [B, t, c] as an image of one row. */
export function asRow(scope: LayerScope, x: Value, lower: (x: Value) => Value): Value {
  const [, steps, channels] = x.shape as readonly [number, number, number];
  const row = lower(reshape(scope.graph, x, [-1, 1, steps, channels]));
  return reshape(scope.graph, row, [-1, row.shape[2] as number, row.shape[3] as number]);
}

/** Arguments of every window that moves over an image. */
export const windowArguments: Arguments = {
  strides: kept,
  padding: among('valid', 'same'),
  data_format: dataFormat,
};

/** What a layer does with its sums: `finish`. */
export const finishArguments: Arguments = {
  activation,
  use_bias: kept,
  activity_regularizer: activityRegularizer,
  ...weightArguments('bias'),
};
