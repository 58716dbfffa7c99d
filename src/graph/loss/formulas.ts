import {
  binary,
  cast,
  compare,
  type GraphBuilder,
  negate,
  reduce,
  scalarOf,
  scale,
  shift,
  unary,
  type Value,
} from '../../ops/index.js';

/** Keras's `epsilon()`: probabilities are kept this far from 0 and 1 before a logarithm. */
const epsilon = 1e-7;

/** PyTorch's `binary_cross_entropy`: logarithms are at least -100, and its gradient's divisor at least 1e-12. */
const smallestLog = -100;
const smallestVariance = 1e-12;

/** The smallest normal float32: keeps the logarithm in 0 log 0 finite. */
const smallestNormal = 2 ** -126;

const classes = [1];

function clip(graph: GraphBuilder, x: Value, low: number, high: number): Value {
  return binary(graph, 'Minimum', binary(graph, 'Maximum', x, scalarOf(graph, x, low)), scalarOf(graph, x, high));
}

function times(graph: GraphBuilder, a: Value, b: Value): Value {
  return binary(graph, 'Mul', a, b);
}

/** sum_k of a b. */
function product(graph: GraphBuilder, a: Value, b: Value): Value {
  return reduce(graph, 'Sum', times(graph, a, b), classes);
}

/** Logarithms of class probabilities that sum to one, as Keras takes them: normalized and clipped. */
export function logOfProbabilities(graph: GraphBuilder, p: Value): Value {
  const normal = binary(graph, 'RealDiv', p, reduce(graph, 'Sum', p, classes, true));
  return unary(graph, 'Log', clip(graph, normal, epsilon, 1 - epsilon));
}

/** -log softmax(z) at the target class, by TensorFlow's fused op: `targets` are indices, or rows that sum to 1. */
export function fusedCrossEntropy(graph: GraphBuilder, z: Value, targets: Value): Value {
  const sparse = targets.type === 'int32';
  const attributes = { T: { type: 'float32' }, ...(sparse ? { Tlabels: { type: 'int32' } as const } : {}) } as const;
  const outputs = [
    { type: 'float32', shape: [-1] },
    { type: 'float32', shape: z.shape },
  ] as const;
  const op = sparse ? 'SparseSoftmaxCrossEntropyWithLogits' : 'SoftmaxCrossEntropyWithLogits';
  return graph.node(op, [z, targets], attributes, outputs, 'cross_entropy').outputs[0] as Value;
}

/** -sum_k t_k log p_k. */
export function crossEntropy(graph: GraphBuilder, logs: Value, targets: Value): Value {
  return negate(graph, product(graph, targets, logs));
}

/** alpha sum_k t_k (1 - p_k)^gamma (-log p_k) (Lin et al. 2017). */
export function focal(graph: GraphBuilder, logs: Value, targets: Value, gamma: number, alpha: number): Value {
  if (gamma === 0) return scale(graph, crossEntropy(graph, logs, targets), alpha);
  const doubt = negate(graph, unary(graph, 'Expm1', logs));
  const kept = binary(graph, 'Maximum', doubt, scalarOf(graph, doubt, epsilon));
  const factor = binary(graph, 'Pow', kept, scalarOf(graph, kept, gamma));
  return scale(graph, product(graph, times(graph, targets, factor), logs), -alpha);
}

/** sum_k t_k (log t_k - log softmax(z)_k). */
export function klDivergence(graph: GraphBuilder, logs: Value, targets: Value): Value {
  const safe = binary(graph, 'Maximum', targets, scalarOf(graph, targets, smallestNormal));
  const entropy = times(graph, targets, unary(graph, 'Log', safe));
  return reduce(graph, 'Sum', binary(graph, 'Sub', entropy, times(graph, targets, logs)), classes);
}

/** Keras's `kl_divergence`: both clipped to [1e-7, 1]. */
export function klOfProbabilities(graph: GraphBuilder, p: Value, targets: Value): Value {
  const log = (x: Value): Value => unary(graph, 'Log', clip(graph, x, epsilon, 1));
  return product(graph, clip(graph, targets, epsilon, 1), binary(graph, 'Sub', log(targets), log(p)));
}

/** mean_k of softplus(z) - z t: binary cross-entropy of logits, stable for any size, gradient sigmoid(z) - t. */
export function binaryOfLogits(graph: GraphBuilder, z: Value, targets: Value): Value {
  const elements = binary(graph, 'Sub', unary(graph, 'Softplus', z), times(graph, z, targets));
  return reduce(graph, 'Mean', elements, classes);
}

/** mean_k of -(t log p + (1 - t) log(1 - p)), value and gradient as PyTorch's `binary_cross_entropy`. */
export function binaryOfProbabilities(graph: GraphBuilder, p: Value, targets: Value): Value {
  const bounded = (x: Value): Value => binary(graph, 'Maximum', x, scalarOf(graph, x, smallestLog));
  const logs = bounded(unary(graph, 'Log', p));
  const complements = bounded(unary(graph, 'Log1p', negate(graph, p)));
  const others = shift(graph, negate(graph, targets), 1);
  const likelihood = binary(graph, 'AddV2', times(graph, targets, logs), times(graph, others, complements));
  const elements = negate(graph, likelihood);
  graph.differentiate(elements.node, {
    inputs: [p],
    rule: (_graph, _node, gradient) => {
      const variance = times(graph, shift(graph, negate(graph, p), 1), p);
      const divisor = binary(graph, 'Maximum', variance, scalarOf(graph, variance, smallestVariance));
      const error = times(graph, gradient, binary(graph, 'Sub', p, targets));
      return [binary(graph, 'RealDiv', error, divisor)];
    },
  });
  return reduce(graph, 'Mean', elements, classes);
}

/** mean_k of (z - t)^2. */
export function meanSquaredError(graph: GraphBuilder, z: Value, targets: Value): Value {
  return reduce(graph, 'Mean', binary(graph, 'SquaredDifference', z, targets), classes);
}

/** mean_k of |z - t|. */
export function meanAbsoluteError(graph: GraphBuilder, z: Value, targets: Value): Value {
  return reduce(graph, 'Mean', unary(graph, 'Abs', binary(graph, 'Sub', z, targets)), classes);
}

/** mean_k of d^2/2 up to |d| = delta, then delta (|d| - delta/2). */
export function huber(graph: GraphBuilder, z: Value, targets: Value, delta: number): Value {
  const distance = unary(graph, 'Abs', binary(graph, 'Sub', z, targets));
  const inner = binary(graph, 'Minimum', distance, scalarOf(graph, distance, delta));
  const outer = scale(graph, binary(graph, 'Sub', distance, inner), delta);
  const square = scale(graph, unary(graph, 'Square', inner), 0.5);
  return reduce(graph, 'Mean', binary(graph, 'AddV2', square, outer), classes);
}

/** max(0, 1 + max_k (1 - t_k) z_k - sum_k t_k z_k): Keras's `CategoricalHinge`. */
export function hinge(graph: GraphBuilder, z: Value, targets: Value): Value {
  const others = times(graph, shift(graph, negate(graph, targets), 1), z);
  const distance = binary(graph, 'Sub', reduce(graph, 'Max', others, classes), product(graph, targets, z));
  const margin = shift(graph, distance, 1);
  return binary(graph, 'Maximum', margin, scalarOf(graph, margin, 0));
}

/** How many rows are said to be what targets above 0.5 say, in every element. */
export function rowsRight(graph: GraphBuilder, said: Value, targets: Value): Value {
  const truth = compare(graph, 'Greater', targets, scalarOf(graph, targets, 0.5));
  const wrong = cast(graph, compare(graph, 'NotEqual', said, truth), 'float32');
  const errors = reduce(graph, 'Sum', wrong, classes);
  const right = compare(graph, 'Equal', errors, scalarOf(graph, errors, 0));
  return reduce(graph, 'Sum', cast(graph, right, 'float32'));
}
