/** Ops element by element; in ONNX's layout where an operand is. */
import type { GraphNode } from '../../ops/index.js';
import { type Layout, type OnnxConverter, type OnnxValue, onnxType } from './converter.js';
import { floatOf, inputOf, type OnnxLowering, type OnnxLowerings, outputOf } from './table.js';

type Names = readonly [string, ...string[]];

/** A lowering that makes nodes from the names of the operands. */
function pointwise(make: (onnx: OnnxConverter, names: Names, node: GraphNode) => string): OnnxLowering {
  return (onnx, node) => {
    const layout: Layout =
      outputOf(node).shape.length === 4 && node.inputs.some((value) => onnx.isFirst(value)) ? 'first' : 'last';
    const names = node.inputs.map((value) => onnx.operand(layout, value));
    onnx.set(outputOf(node), make(onnx, names as unknown as Names, node), layout);
  };
}

/** The same op under ONNX's name. */
function same(opType: string, attributes: Readonly<Record<string, OnnxValue>> = {}): OnnxLowering {
  return pointwise((onnx, names, node) => onnx.add(opType, names, attributes, node.name));
}

export const elementwise: OnnxLowerings = {
  Abs: same('Abs'),
  AddN: same('Sum'),
  AddV2: same('Add'),
  Cast: pointwise((onnx, names, node) => onnx.add('Cast', names, { to: onnxType(outputOf(node).type) }, node.name)),
  Cos: same('Cos'),
  Elu: same('Elu', { alpha: { float: 1 } }),
  Equal: same('Equal'),
  Erf: same('Erf'),
  Exp: same('Exp'),
  Expm1: pointwise((onnx, names, { name }) => onnx.add('Sub', [onnx.add('Exp', names), onnx.scalar(1)], {}, name)),
  FloorDiv: pointwise((onnx, names, { name }) => onnx.add('Floor', [onnx.add('Div', names)], {}, name)),
  Greater: same('Greater'),
  GreaterEqual: same('GreaterOrEqual'),
  Identity: same('Identity'),
  IsNan: same('IsNaN'),
  LeakyRelu: pointwise((onnx, names, node) =>
    onnx.add('LeakyRelu', names, { alpha: { float: floatOf(node, 'alpha') } }, node.name),
  ),
  Less: same('Less'),
  LessEqual: same('LessOrEqual'),
  Log: same('Log'),
  Log1p: pointwise((onnx, [x], { name }) => onnx.add('Log', [onnx.add('Add', [x, onnx.scalar(1)])], {}, name)),
  Maximum: same('Max'),
  Minimum: same('Min'),
  Mul: same('Mul'),
  Neg: same('Neg'),
  NotEqual: pointwise((onnx, names, { name }) => onnx.add('Not', [onnx.add('Equal', names)], {}, name)),
  Pow: same('Pow'),
  RealDiv: same('Div'),
  Reciprocal: same('Reciprocal'),
  Relu: same('Relu'),
  Relu6: pointwise((onnx, [x], { name }) => onnx.add('Clip', [x, onnx.scalar(0), onnx.scalar(6)], {}, name)),
  Rsqrt: pointwise((onnx, names, { name }) => onnx.add('Reciprocal', [onnx.add('Sqrt', names)], {}, name)),
  SelectV2: same('Where'),
  Selu: same('Selu'),
  Sigmoid: same('Sigmoid'),
  Sign: same('Sign'),
  Sin: same('Sin'),
  Softplus: same('Softplus'),
  Softsign: same('Softsign'),
  Sqrt: same('Sqrt'),
  Square: pointwise((onnx, [x], { name }) => onnx.add('Mul', [x, x], {}, name)),
  SquaredDifference: pointwise((onnx, names, { name }) => {
    const difference = onnx.add('Sub', names);
    return onnx.add('Mul', [difference, difference], {}, name);
  }),
  StopGradient: same('Identity'),
  Sub: same('Sub'),
  Tanh: same('Tanh'),
  BiasAdd: (onnx, node) => {
    if (onnx.has(outputOf(node))) return; // part of the convolution
    const [x, bias] = [inputOf(node, 0), inputOf(node, 1)];
    const layout = onnx.isFirst(x) ? 'first' : 'last';
    const sum = onnx.add('Add', [onnx.in(layout, x), onnx.operand(layout, bias)], {}, node.name);
    onnx.set(outputOf(node), sum, layout);
  },
};
