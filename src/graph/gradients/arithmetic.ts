import {
  binary,
  cast,
  compare,
  type GraphBuilder,
  negate,
  scalarOf,
  scale,
  select,
  sumTo,
  unary,
  type Value,
} from '../../ops/index.js';
import { type GradientTable, inputOf, outputOf } from './registry.js';

/** Gradient of the greater (or lesser) of two: to a where it is chosen, else to b; at a tie to a, as TensorFlow does. */
function choice(op: 'GreaterEqual' | 'LessEqual'): GradientTable[string] {
  return (graph, node, gradient, needs) => {
    const [a, b] = [inputOf(node, 0), inputOf(node, 1)];
    const chosen = compare(graph, op, a, b);
    const zero = scalarOf(graph, gradient, 0);
    return [
      needs(0) ? sumTo(graph, select(graph, chosen, gradient, zero), a) : undefined,
      needs(1) ? sumTo(graph, select(graph, chosen, zero, gradient), b) : undefined,
    ];
  };
}

/** A kernel of TensorFlow that takes (output, gradient). */
function fromOutput(op: string): GradientTable[string] {
  return (graph, node, gradient) => {
    const y = outputOf(node);
    return [graph.add(op, [y, gradient], { T: { type: y.type } }, { type: y.type, shape: y.shape })];
  };
}

function times(graph: GraphBuilder, a: Value, b: Value): Value {
  return binary(graph, 'Mul', a, b);
}

/** Sums, products and elementary functions. */
export const arithmeticGradients: GradientTable = {
  Identity: (_graph, _node, gradient) => [gradient],
  Neg: (graph, _node, gradient) => [negate(graph, gradient)],
  Cast: (graph, node, gradient) => [cast(graph, gradient, inputOf(node, 0).type)],
  AddN: (_graph, node, gradient) => node.inputs.map(() => gradient),
  AddV2: (graph, node, gradient, needs) =>
    [0, 1].map((input) => (needs(input) ? sumTo(graph, gradient, inputOf(node, input)) : undefined)),
  Sub: (graph, node, gradient, needs) => [
    needs(0) ? sumTo(graph, gradient, inputOf(node, 0)) : undefined,
    needs(1) ? negate(graph, sumTo(graph, gradient, inputOf(node, 1))) : undefined,
  ],
  Mul: (graph, node, gradient, needs) =>
    [0, 1].map((input) =>
      needs(input) ? sumTo(graph, times(graph, gradient, inputOf(node, 1 - input)), inputOf(node, input)) : undefined,
    ),
  RealDiv: (graph, node, gradient, needs) => {
    const [a, b] = [inputOf(node, 0), inputOf(node, 1)];
    const quotient = binary(graph, 'RealDiv', gradient, b);
    return [
      needs(0) ? sumTo(graph, quotient, a) : undefined,
      needs(1) ? negate(graph, sumTo(graph, times(graph, quotient, outputOf(node)), b)) : undefined,
    ];
  },
  /** To the base only: exponents are constants here. */
  Pow: (graph, node, gradient) => {
    const [base, exponent] = [inputOf(node, 0), inputOf(node, 1)];
    const less = binary(graph, 'Sub', exponent, scalarOf(graph, exponent, 1));
    const slope = times(graph, exponent, binary(graph, 'Pow', base, less));
    return [sumTo(graph, times(graph, gradient, slope), base), undefined];
  },
  SquaredDifference: (graph, node, gradient, needs) => {
    const [a, b] = [inputOf(node, 0), inputOf(node, 1)];
    const slope = scale(graph, times(graph, gradient, binary(graph, 'Sub', a, b)), 2);
    return [
      needs(0) ? sumTo(graph, slope, a) : undefined,
      needs(1) ? negate(graph, sumTo(graph, slope, b)) : undefined,
    ];
  },
  Maximum: choice('GreaterEqual'),
  Minimum: choice('LessEqual'),
  SelectV2: (graph, node, gradient, needs) => {
    const condition = inputOf(node, 0);
    const zero = scalarOf(graph, gradient, 0);
    return [
      undefined,
      needs(1) ? sumTo(graph, select(graph, condition, gradient, zero), inputOf(node, 1)) : undefined,
      needs(2) ? sumTo(graph, select(graph, condition, zero, gradient), inputOf(node, 2)) : undefined,
    ];
  },
  Abs: (graph, node, gradient) => [times(graph, gradient, unary(graph, 'Sign', inputOf(node, 0)))],
  Exp: (graph, node, gradient) => [times(graph, gradient, outputOf(node))],
  Expm1: (graph, node, gradient) => {
    const y = outputOf(node);
    return [times(graph, gradient, binary(graph, 'AddV2', y, scalarOf(graph, y, 1)))];
  },
  Log: (graph, node, gradient) => [binary(graph, 'RealDiv', gradient, inputOf(node, 0))],
  Log1p: (graph, node, gradient) => {
    const x = inputOf(node, 0);
    return [binary(graph, 'RealDiv', gradient, binary(graph, 'AddV2', x, scalarOf(graph, x, 1)))];
  },
  Square: (graph, node, gradient) => [scale(graph, times(graph, gradient, inputOf(node, 0)), 2)],
  L2Loss: (graph, node, gradient) => [times(graph, gradient, inputOf(node, 0))],
  Sqrt: fromOutput('SqrtGrad'),
  Rsqrt: fromOutput('RsqrtGrad'),
  Reciprocal: fromOutput('ReciprocalGrad'),
  /** 1 / (1 + x^2) */
  Atan: (graph, node, gradient) => {
    const square = unary(graph, 'Square', inputOf(node, 0));
    return [binary(graph, 'RealDiv', gradient, binary(graph, 'AddV2', square, scalarOf(graph, square, 1)))];
  },
  /** erf'(x) = 2 / sqrt(pi) * exp(-x^2). */
  Erf: (graph, node, gradient) => {
    const bell = unary(graph, 'Exp', negate(graph, unary(graph, 'Square', inputOf(node, 0))));
    return [scale(graph, times(graph, gradient, bell), 2 / Math.sqrt(Math.PI))];
  },
};
