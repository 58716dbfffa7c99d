import { type Tensor4D, tf } from '../base/tf.js';
import { type GraphBuilder, pad, reshape, slice, type Value } from '../ops/index.js';

/** A filter [rows, columns, a, b] with zeros between its rows and columns: what a dilated window multiplies with. */
export function dilated(graph: GraphBuilder, filter: Value, [down, across]: readonly [number, number]): Value {
  if (down === 1 && across === 1) return filter;
  const [rows, columns, a, b] = filter.shape as readonly [number, number, number, number];
  const high = (rows - 1) * down + 1;
  const wide = (columns - 1) * across + 1;
  const spreadRows = pad(graph, reshape(graph, filter, [rows, 1, columns * a * b]), [
    [0, 0],
    [0, down - 1],
    [0, 0],
  ]);
  const tall = slice(
    graph,
    reshape(graph, spreadRows, [rows * down, columns * a * b]),
    [0, 0],
    [high, columns * a * b],
  );
  const spreadColumns = pad(graph, reshape(graph, tall, [high, columns, 1, a * b]), [
    [0, 0],
    [0, 0],
    [0, across - 1],
    [0, 0],
  ]);
  const whole = reshape(graph, spreadColumns, [high, columns * across, a * b]);
  return reshape(graph, slice(graph, whole, [0, 0, 0], [high, wide, a * b]), [high, wide, a, b]);
}

/** The same of a tensor. */
export function dilatedTensor(filter: Tensor4D, [down, across]: readonly [number, number]): Tensor4D {
  if (down === 1 && across === 1) return filter;
  const [rows, columns, a, b] = filter.shape;
  const high = (rows - 1) * down + 1;
  const wide = (columns - 1) * across + 1;
  const spreadRows = tf.pad(tf.reshape(filter, [rows, 1, columns * a * b]), [
    [0, 0],
    [0, down - 1],
    [0, 0],
  ]);
  const tall = tf.slice(tf.reshape(spreadRows, [rows * down, columns * a * b]), [0, 0], [high, columns * a * b]);
  const spreadColumns = tf.pad(tf.reshape(tall, [high, columns, 1, a * b]), [
    [0, 0],
    [0, 0],
    [0, across - 1],
    [0, 0],
  ]);
  const whole = tf.slice(tf.reshape(spreadColumns, [high, columns * across, a * b]), [0, 0, 0], [high, wide, a * b]);
  return tf.reshape(whole, [high, wide, a, b]);
}
