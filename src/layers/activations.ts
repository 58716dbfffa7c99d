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
} from '../ops/index.js';
import type { ArgumentRule } from './arguments.js';
import type { LayerScope } from './scope.js';
import { isObject } from './values.js';

/** Activations that TensorFlow has as one op. */
const singleOps: Readonly<Record<string, UnaryOp>> = {
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

/** Activations whose name in a file is another. */
const fileNames: Readonly<Record<string, string>> = {
  silu: 'swish',
  log_softmax: 'logSoftmax',
  hard_sigmoid: 'hardSigmoid',
};

/** The name of a function that a file of Keras gives as an object. */
function named(value: unknown): unknown {
  if (!isObject(value)) return value ?? 'linear';
  return value['module'] === 'builtins' || value['class_name'] === 'function' ? value['config'] : undefined;
}

/** The activation that a layer applies to its output. */
export const activation: ArgumentRule = {
  passed: true,
  expected: 'one that is known',
  accepts: (value, dialect) => {
    const name = named(value);
    // Keras 3 has another hard sigmoid than Keras 2 and tfjs: relu6(x + 3) / 6.
    if (typeof name !== 'string' || (dialect === 'keras 3' && name === 'hard_sigmoid')) return false;
    return name in fileNames || name in singleOps || name in composed;
  },
  read: (value) => {
    const name = String(named(value));
    return fileNames[name] ?? name;
  },
};

/** min(max(x, low), high). */
export function clip(graph: GraphBuilder, x: Value, low: number, high: number): Value {
  return binary(graph, 'Minimum', binary(graph, 'Maximum', x, scalarOf(graph, x, low)), scalarOf(graph, x, high));
}

/** Applies the activation a layer's configuration names. */
export function activate(scope: LayerScope, x: Value, name = scope.settings.string('activation', 'linear')): Value {
  const op = singleOps[name];
  if (op !== undefined) return unary(scope.graph, op, x);
  const compose = composed[name];
  if (compose === undefined) throw scope.error('an activation of tf.layers', JSON.stringify(name));
  return compose(scope.graph, x);
}
