import type { LossAlgebra } from '../../losses/spec/index.js';
import {
  binary,
  cast,
  compare,
  type GraphBuilder,
  negate,
  reduce,
  reshape,
  scalarOf,
  scale,
  shift,
  unary,
  type Value,
} from '../../ops/index.js';
import { graphBoxAlgebra } from './box-algebra.js';

const classes = [1];

/** The operations of losses as nodes of a graph, fused where TensorFlow has that. */
export function graphAlgebra(graph: GraphBuilder): LossAlgebra<Value> {
  const numberOr = (x: Value, b: Value | number): Value => (typeof b === 'number' ? scalarOf(graph, x, b) : b);
  return {
    add: (a, b) => (typeof b === 'number' ? shift(graph, a, b) : binary(graph, 'AddV2', a, b)),
    subtract: (a, b) => binary(graph, 'Sub', a, b),
    multiply: (a, b) => (typeof b === 'number' ? scale(graph, a, b) : binary(graph, 'Mul', a, b)),
    divide: (a, b) => binary(graph, 'RealDiv', a, b),
    maximum: (a, b) => binary(graph, 'Maximum', a, numberOr(a, b)),
    minimum: (a, b) => binary(graph, 'Minimum', a, numberOr(a, b)),
    power: (a, exponent) => binary(graph, 'Pow', a, scalarOf(graph, a, exponent)),
    squaredDifference: (a, b) => binary(graph, 'SquaredDifference', a, b),
    negate: (a) => negate(graph, a),
    absolute: (a) => unary(graph, 'Abs', a),
    square: (a) => unary(graph, 'Square', a),
    exponential: (a) => unary(graph, 'Exp', a),
    expm1: (a) => unary(graph, 'Expm1', a),
    log: (a) => unary(graph, 'Log', a),
    log1p: (a) => unary(graph, 'Log1p', a),
    softplus: (a) => unary(graph, 'Softplus', a),
    logSoftmax: (a) => unary(graph, 'LogSoftmax', a),
    isZero: (a) => cast(graph, compare(graph, 'Equal', a, scalarOf(graph, a, 0)), a.type),
    sum: (a) => reduce(graph, 'Sum', a, classes),
    columnOfSums: (a) => reduce(graph, 'Sum', a, classes, true),
    mean: (a) => reduce(graph, 'Mean', a, classes),
    largest: (a) => reduce(graph, 'Max', a, classes),
    softmaxCrossEntropy: (logits, targets) => softmaxCrossEntropy(graph, logits, targets),
    sumOfPixels: (a, each) => reduce(graph, 'Sum', reshape(graph, a, [-1, each, a.shape[1] as number]), [1]),
    column: (a) => reshape(graph, a, [-1, 1]),
    perClass: (numbers) => graph.constant(numbers, 'float32', [numbers.length], 'class_weights'),
    ofClass: (numbers, indices) => gather(graph, numbers, indices),
    withGradient: (x, others, value, gradient) => {
      const result = value(x, ...others);
      const rule = (slope: Value): Value[] => [gradient(slope, x, ...others)];
      graph.differentiate(result.node, { inputs: [x], rule: (_graph, _node, slope) => rule(slope) });
      return result;
    },
    ...graphBoxAlgebra(graph),
  };
}

/** -log softmax(z) at the target class, by TensorFlow's fused op. */
function softmaxCrossEntropy(graph: GraphBuilder, z: Value, targets: Value): Value {
  const sparse = targets.type === 'int32';
  const attributes = { T: { type: 'float32' }, ...(sparse ? { Tlabels: { type: 'int32' } as const } : {}) } as const;
  const outputs = [
    { type: 'float32', shape: [-1] },
    { type: 'float32', shape: z.shape },
  ] as const;
  const op = sparse ? 'SparseSoftmaxCrossEntropyWithLogits' : 'SoftmaxCrossEntropyWithLogits';
  return graph.node(op, [z, targets], attributes, outputs, 'cross_entropy').outputs[0] as Value;
}

function gather(graph: GraphBuilder, table: Value, indices: Value): Value {
  const attributes = { Tparams: { type: 'float32' }, Tindices: { type: 'int32' }, Taxis: { type: 'int32' } } as const;
  const inputs = [table, indices, graph.constant(0, 'int32')];
  return graph.add('GatherV2', inputs, attributes, { type: 'float32', shape: [-1] });
}
