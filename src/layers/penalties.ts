import { type Tensor, tf } from '../base/tf.js';
import { cast, type GraphBuilder, reduce, scale, unary, type Value } from '../ops/index.js';
import type { LayerScope } from './scope.js';

/** What an attention calls its weights of a kind. */
function ofProjections(kind: string): string[] {
  return ['query', 'key', 'value', 'attention_output'].map((projection) => `${projection}_${kind}`);
}

/** Keys of a layer's configuration and the weights each one regularizes. */
const regularizedWeights: Readonly<Record<string, readonly string[]>> = {
  alphaRegularizer: ['alpha'],
  betaRegularizer: ['beta'],
  biasRegularizer: ['bias', ...ofProjections('bias')],
  depthwiseRegularizer: ['depthwise_kernel'],
  gammaRegularizer: ['gamma'],
  kernelRegularizer: ['kernel', ...ofProjections('kernel')],
  pointwiseRegularizer: ['pointwise_kernel'],
};

/** The penalties on a layer's own weights: l1 sum |w| + l2 sum w^2 each, none where the layer is frozen. */
export function weightPenalties(scope: LayerScope): Value[] {
  if (scope.frozen) return [];
  return Object.entries(regularizedWeights).flatMap(([key, weights]) => {
    const factors = factorsOf(scope, key);
    if (factors === undefined) return [];
    const own = weights.filter((weight) => scope.has(weight));
    return own.flatMap((weight) => penalty(scope.graph, scope.weight(weight), factors));
  });
}

/** The penalties on a layer's output, summed over the batch; the caller divides by its size. */
export function activityPenalties(scope: LayerScope, output: Value): Value[] {
  const factors = factorsOf(scope, 'activityRegularizer');
  return factors === undefined ? [] : penalty(scope.graph, cast(scope.graph, output, 'float32'), factors);
}

interface Factors {
  readonly l1: number;
  readonly l2: number;
}

function factorsOf(scope: LayerScope, key: string): Factors | undefined {
  const serialized = scope.settings.get(key);
  if (serialized === null || serialized === undefined) return undefined;
  const { className, config } = serialized as { readonly className?: unknown; readonly config?: Partial<Factors> };
  if (className !== 'L1L2' || config === undefined) throw scope.error(`L1L2 as ${key}`, String(className));
  return { l1: config.l1 ?? 0, l2: config.l2 ?? 0 };
}

/** tfjs's default of both factors. */
const unsaid = 0.01;

function penalty(graph: GraphBuilder, x: Value, { l1, l2 }: Factors): Value[] {
  const parts: Value[] = [];
  if (l1 !== 0) parts.push(scale(graph, reduce(graph, 'Sum', unary(graph, 'Abs', x)), l1));
  // L2Loss is half the sum of squares; its gradient is the value itself, without a pass for the square.
  if (l2 !== 0) {
    const half = graph.add('L2Loss', [x], { T: { type: x.type } }, { type: x.type, shape: [] });
    parts.push(scale(graph, half, 2 * l2));
  }
  return parts;
}

/** tfjs's regularizer with Keras's gradient of |w|, which is 0 where w is 0; tfjs's own is -1 there. */
class Penalty extends tf.serialization.Serializable {
  static readonly className = 'L1L2';
  readonly #factors: Factors;

  constructor({ l1, l2 }: Partial<Factors> = {}) {
    super();
    // As in tfjs, what is not said is 0.01.
    this.#factors = { l1: l1 ?? unsaid, l2: l2 ?? unsaid };
  }

  apply(x: Tensor): Tensor {
    const { l1, l2 } = this.#factors;
    return tf.tidy(() => {
      const absolute = tf.mul(tf.sum(tf.mul(x, tf.sign(x))), l1);
      return tf.add(absolute, tf.mul(tf.sum(tf.square(x)), l2));
    });
  }

  getConfig(): { l1: number; l2: number } {
    return { ...this.#factors };
  }
}

tf.serialization.registerClass(Penalty);
