import {
  binary,
  cast,
  type GraphBuilder,
  relu,
  scalarOf,
  scale,
  shift,
  type UnaryOp,
  unary,
  type Value,
  withLast,
} from '../../ops/index.js';
import { type LayerScope, type LoweringTable, single } from './scope.js';

/** Activations that TensorFlow has as one op. */
const kernels: Readonly<Record<string, UnaryOp>> = {
  elu: 'Elu',
  relu6: 'Relu6',
  selu: 'Selu',
  sigmoid: 'Sigmoid',
  softplus: 'Softplus',
  softsign: 'Softsign',
  tanh: 'Tanh',
};

/** The others, as tfjs defines them. */
const composed: Readonly<Record<string, (graph: GraphBuilder, x: Value) => Value>> = {
  linear: (_graph, x) => x,
  relu,
  /** clip(x / 5 + 1 / 2, 0, 1). */
  hardSigmoid: (graph, x) => clip(graph, shift(graph, scale(graph, x, 0.2), 0.5), 0, 1),
  softmax: (graph, x) => unary(graph, 'Softmax', cast(graph, x, 'float32')),
  logSoftmax: (graph, x) => unary(graph, 'LogSoftmax', cast(graph, x, 'float32')),
  /** x Φ(x) by the error function (Hendrycks and Gimpel 2016). */
  gelu: (graph, x) => {
    const cumulative = shift(graph, unary(graph, 'Erf', scale(graph, x, Math.SQRT1_2)), 1);
    return scale(graph, binary(graph, 'Mul', x, cumulative), 0.5);
  },
  /** The same by its approximation with tanh. */
  gelu_new: (graph, x) => {
    const cube = binary(graph, 'Mul', binary(graph, 'Mul', x, x), x);
    const inner = scale(graph, binary(graph, 'AddV2', x, scale(graph, cube, 0.044715)), Math.sqrt(2 / Math.PI));
    return scale(graph, binary(graph, 'Mul', x, shift(graph, unary(graph, 'Tanh', inner), 1)), 0.5);
  },
  /** x tanh(softplus(x)) (Misra 2019). */
  mish: (graph, x) => binary(graph, 'Mul', x, unary(graph, 'Tanh', unary(graph, 'Softplus', x))),
  /** x sigmoid(x) (Ramachandran et al. 2017). */
  swish: (graph, x) => binary(graph, 'Mul', x, unary(graph, 'Sigmoid', x)),
};

/** min(max(x, low), high). */
export function clip(graph: GraphBuilder, x: Value, low: number, high: number): Value {
  return binary(graph, 'Minimum', binary(graph, 'Maximum', x, scalarOf(graph, x, low)), scalarOf(graph, x, high));
}

/** Applies the activation a layer's configuration names. */
export function activate(scope: LayerScope, x: Value, name = scope.config.string('activation', 'linear')): Value {
  const op = kernels[name];
  if (op !== undefined) return unary(scope.graph, op, x);
  const compose = composed[name];
  if (compose === undefined) throw scope.error('an activation of tf.layers', JSON.stringify(name));
  return compose(scope.graph, x);
}

/** x where it is positive, else x * slope. */
function leaky(graph: GraphBuilder, x: Value, slope: number): Value {
  const attributes = { T: { type: x.type }, alpha: { float: slope } } as const;
  return graph.add('LeakyRelu', [x], attributes, { type: x.type, shape: x.shape });
}

/** The activation layers. */
export const activationLowerings: LoweringTable = {
  Activation: single((scope, x) => activate(scope, x)),
  ReLU: single(({ graph, config }, x) => {
    const positive = relu(graph, x);
    const highest = config.get('maxValue');
    if (typeof highest !== 'number') return positive;
    if (highest === 6) return unary(graph, 'Relu6', x);
    return binary(graph, 'Minimum', positive, scalarOf(graph, x, highest));
  }),
  LeakyReLU: single((scope, x) => {
    const alpha = scope.config.number('alpha', 0.3);
    if (!(alpha >= 0)) throw scope.error('an alpha of 0 or more', String(alpha));
    return leaky(scope.graph, x, alpha);
  }),
  /** max(x, 0) + alpha min(x, 0) with alpha of its own for each place (or shared along axes). */
  PReLU: single((scope, x) => {
    const { graph } = scope;
    const alpha = cast(graph, scope.weight('alpha'), x.type);
    const negative = binary(graph, 'Minimum', x, scalarOf(graph, x, 0));
    return binary(graph, 'AddV2', relu(graph, x), binary(graph, 'Mul', alpha, negative));
  }),
  ELU: single((scope, x) => {
    const alpha = scope.config.number('alpha', 1);
    const { graph } = scope;
    if (alpha === 1) return unary(graph, 'Elu', x);
    const negative = unary(graph, 'Elu', binary(graph, 'Minimum', x, scalarOf(graph, x, 0)));
    return binary(graph, 'AddV2', relu(graph, x), scale(graph, negative, alpha));
  }),
  /** x where x > theta, else 0. */
  ThresholdedReLU: single(({ graph, config }, x) => {
    const above = graph.add(
      'Greater',
      [x, scalarOf(graph, x, config.number('theta', 1))],
      { T: { type: x.type } },
      { type: 'bool', shape: x.shape },
    );
    return binary(graph, 'Mul', x, cast(graph, above, x.type));
  }),
  Softmax: single((scope, x) => {
    const axis = scope.config.number('axis', -1);
    return withLast(scope.graph, x, axis < 0 ? x.shape.length + axis : axis, (last) =>
      activate(scope, last, 'softmax'),
    );
  }),
};
