/** Ops over axes: reductions, softmax, joining, cutting and padding. */
import { constantIntegers, type GraphNode, type Value } from '../../ops/index.js';
import { type Layout, type OnnxConverter, toFirst } from './converter.js';
import { inputOf, type OnnxLowering, type OnnxLowerings, outputOf } from './table.js';

/** Opset from which `ReduceMean` and its like take axes as an input; `ReduceSum` does from 13. */
const axesAsInput = 18;
/** `Slice` goes to the end for any end beyond it. */
const beyond = 2 ** 31 - 1;

/** A list a place for each axis of TensorFlow's, in the order of a layout. */
function arranged<Item>(layout: Layout, list: readonly Item[]): Item[] {
  return layout === 'last' ? [...list] : [0, 3, 1, 2].map((axis) => list[axis] as Item);
}

function axisIn(layout: Layout, axis: number): number {
  return layout === 'last' ? axis : (toFirst[axis] as number);
}

function layoutOf(onnx: OnnxConverter, values: readonly Value[]): Layout {
  return values.some((value) => onnx.isFirst(value)) ? 'first' : 'last';
}

function reduction(opType: string): OnnxLowering {
  return (onnx, node) => {
    const [x, output] = [inputOf(node, 0), outputOf(node)];
    const keep = node.attributes['keep_dims'] === true;
    const given = constantIntegers(inputOf(node, 1)).map((axis) => (axis < 0 ? axis + x.shape.length : axis));
    // Without the axes that go, the others must be in TensorFlow's order.
    const inOrder = keep || given.includes(3) || (given.includes(1) && given.includes(2));
    const layout = inOrder ? layoutOf(onnx, [x]) : 'last';
    const axes = given.map((axis) => axisIn(layout, axis)).sort((a, b) => a - b);
    const flags = { keepdims: keep ? 1 : 0 };
    const input = onnx.in(layout, x);
    const made =
      opType === 'ReduceSum' || onnx.opset >= axesAsInput
        ? onnx.add(opType, [input, onnx.integers(axes)], flags, node.name)
        : onnx.add(opType, [input], { axes, ...flags }, node.name);
    onnx.set(output, made, keep ? layout : 'last');
  };
}

function softmax(opType: string): OnnxLowering {
  return (onnx, node) => {
    const x = inputOf(node, 0);
    onnx.set(outputOf(node), onnx.add(opType, [onnx.last(x)], { axis: x.shape.length - 1 }, node.name));
  };
}

const concatenate: OnnxLowering = (onnx, node) => {
  const values = node.inputs.slice(0, -1);
  const [given = 0] = constantIntegers(node.inputs.at(-1) as Value);
  const layout = layoutOf(onnx, values);
  const axis = axisIn(layout, given < 0 ? given + outputOf(node).shape.length : given);
  const names = values.map((value) => (value.type === 'int32' ? wide(onnx, value) : onnx.in(layout, value)));
  const made = onnx.add('Concat', names, { axis }, node.name);
  onnx.set(outputOf(node), narrow(onnx, outputOf(node), made), layout);
};

/** ONNX's sizes are int64, TensorFlow's here int32. */
export function wide(onnx: OnnxConverter, value: Value): string {
  if (onnx.known(value)) return onnx.integers(constantIntegers(value), value.shape);
  return onnx.add('Cast', [onnx.last(value)], { to: 7 }, `${value.node.name}/int64`);
}

/** An int64 result of ONNX as the int32 that TensorFlow has. */
export function narrow(onnx: OnnxConverter, value: Value, made: string): string {
  return value.type === 'int32' ? onnx.add('Cast', [made], { to: 6 }, `${value.node.name}/int32`) : made;
}

const pad: OnnxLowering = (onnx, node) => {
  const x = inputOf(node, 0);
  const layout = layoutOf(onnx, [x]);
  const table = constantIntegers(inputOf(node, 1));
  const ends = [0, 1].flatMap((end) =>
    arranged(
      layout,
      x.shape.map((_, axis) => table[2 * axis + end] as number),
    ),
  );
  onnx.set(outputOf(node), onnx.add('Pad', [onnx.in(layout, x), onnx.integers(ends)], {}, node.name), layout);
};

const slice: OnnxLowering = (onnx, node) => {
  const x = inputOf(node, 0);
  const layout = layoutOf(onnx, [x]);
  const [begin, size] = [constantIntegers(inputOf(node, 1)), constantIntegers(inputOf(node, 2))];
  const ends = begin.map((first, axis) => (size[axis] === -1 ? beyond : first + (size[axis] as number)));
  const axes = onnx.integers([...begin.keys()]);
  const bounds = [begin, ends].map((list) => onnx.integers(arranged(layout, list)));
  const whole = x.type === 'int32' ? wide(onnx, x) : onnx.in(layout, x);
  const made = onnx.add('Slice', [whole, ...bounds, axes], {}, node.name);
  onnx.set(outputOf(node), narrow(onnx, outputOf(node), made), layout);
};

const reverse: OnnxLowering = (onnx, node) => {
  const x = inputOf(node, 0);
  const layout = layoutOf(onnx, [x]);
  const axes = constantIntegers(inputOf(node, 1)).map((axis) => axisIn(layout, axis));
  const each = (value: number): string => onnx.integers(axes.map(() => value));
  const inputs = [onnx.in(layout, x), each(-1), each(-beyond - 1), onnx.integers(axes), each(-1)];
  onnx.set(outputOf(node), onnx.add('Slice', inputs, {}, node.name), layout);
};

const argMax: OnnxLowering = (onnx, node) => {
  const x = inputOf(node, 0);
  const [axis = 0] = constantIntegers(inputOf(node, 1));
  const made = onnx.add('ArgMax', [onnx.last(x)], { axis, keepdims: 0 }, node.name);
  onnx.set(outputOf(node), narrow(onnx, outputOf(node), made));
};

export const axes: OnnxLowerings = {
  ArgMax: argMax,
  ConcatV2: concatenate,
  LogSoftmax: softmax('LogSoftmax'),
  Max: reduction('ReduceMax'),
  Mean: reduction('ReduceMean'),
  Min: reduction('ReduceMin'),
  Pad: pad,
  Prod: reduction('ReduceProd'),
  ReverseV2: reverse,
  Slice: slice,
  Softmax: softmax('Softmax'),
  Sum: reduction('ReduceSum'),
};

/** Rows that a product takes: a matrix, transposed first if the attribute says so. */
function factor(onnx: OnnxConverter, node: GraphNode, place: number, attribute: string): string {
  const value = inputOf(node, place);
  if (node.attributes[attribute] !== true) return onnx.last(value);
  const order = [...value.shape.keys()];
  order.push(...order.splice(-2).reverse());
  return onnx.permuted(value, order);
}

function product(left: string, right: string): OnnxLowering {
  return (onnx, node) => {
    const [a, b] = [factor(onnx, node, 0, left), factor(onnx, node, 1, right)];
    onnx.set(outputOf(node), onnx.add('MatMul', [a, b], {}, node.name));
  };
}

export const products: OnnxLowerings = {
  BatchMatMulV2: product('adj_x', 'adj_y'),
  MatMul: product('transpose_a', 'transpose_b'),
};
