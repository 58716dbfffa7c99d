import { type Tensor, tf } from '../base/tf.js';
import {
  binary,
  cast,
  type GraphBuilder,
  negate,
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

/** The others; those that tfjs does not have are below. */
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
  exponential: (graph, x) => unary(graph, 'Exp', x),
  /** x where it is positive, else x / 5. */
  leaky_relu: (graph, x) => leakyRelu(graph, x, 0.2),
  /** relu6(x + 3) / 6: Keras 3's hard sigmoid. */
  hard_sigmoid6: hardSigmoid6,
  /** x relu6(x + 3) / 6 (Howard et al. 2019). */
  hard_silu: (graph, x) => binary(graph, 'Mul', x, hardSigmoid6(graph, x)),
  hard_tanh: (graph, x) => clip(graph, x, -1, 1),
  /** max(x, 0) + min(exp(x) - 1, 0): celu at its default alpha of 1 is elu. */
  celu: (graph, x) => unary(graph, 'Elu', x),
  log_sigmoid: (graph, x) => negate(graph, unary(graph, 'Softplus', negate(graph, x))),
  tanh_shrink: (graph, x) => binary(graph, 'Sub', x, unary(graph, 'Tanh', x)),
  /** x sigmoid(x) (Ramachandran et al. 2017). */
  swish: (graph, x) => binary(graph, 'Mul', x, unary(graph, 'Sigmoid', x)),
};

function hardSigmoid6(graph: GraphBuilder, x: Value): Value {
  return scale(graph, unary(graph, 'Relu6', shift(graph, x, 3)), 1 / 6);
}

/** x where it is positive, else x * slope; the slope is not negative. */
export function leakyRelu(graph: GraphBuilder, x: Value, slope: number): Value {
  const attributes = { T: { type: x.type }, alpha: { float: slope } } as const;
  return graph.add('LeakyRelu', [x], attributes, { type: x.type, shape: x.shape });
}

const hardSigmoidOf = (x: Tensor): Tensor => tf.div(tf.clipByValue(tf.add(x, 3), 0, 6), 6);

/** Those that tfjs does not have, for its layers. */
const own: Readonly<Record<string, (x: Tensor) => Tensor>> = {
  exponential: (x) => tf.exp(x),
  leaky_relu: (x) => tf.leakyRelu(x, 0.2),
  hard_sigmoid6: hardSigmoidOf,
  hard_silu: (x) => tf.mul(x, hardSigmoidOf(x)),
  hard_tanh: (x) => tf.clipByValue(x, -1, 1),
  celu: (x) => tf.elu(x),
  log_sigmoid: (x) => tf.logSigmoid(x),
  tanh_shrink: (x) => tf.sub(x, tf.tanh(x)),
};

for (const [className, apply] of Object.entries(own)) {
  tf.serialization.registerClass(
    class extends tf.serialization.Serializable {
      static readonly className = className;

      apply(x: Tensor): Tensor {
        return tf.tidy(() => apply(x));
      }

      getConfig(): Record<string, never> {
        return {};
      }
    },
  );
}

/** Activations whose name in a file is another. */
const fileNames: Readonly<Record<string, string>> = {
  silu: 'swish',
  log_softmax: 'logSoftmax',
  hard_sigmoid: 'hardSigmoid',
  hard_swish: 'hard_silu',
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
  accepts: (value) => {
    const name = named(value);
    return typeof name === 'string' && [fileNames, singleOps, composed].some((table) => Object.hasOwn(table, name));
  },
  read: (value, dialect) => {
    const name = String(named(value));
    // Keras 3 has another hard sigmoid than Keras 2 and tfjs.
    return dialect === 'keras 3' && name === 'hard_sigmoid' ? 'hard_sigmoid6' : (fileNames[name] ?? name);
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
