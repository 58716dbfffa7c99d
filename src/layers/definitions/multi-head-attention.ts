import { type Tensor, tf } from '../../base/tf.js';
import {
  batchMatMul,
  biasAdd,
  binary,
  cast,
  matMul,
  reshape,
  scale,
  transpose,
  unary,
  type Value,
} from '../../ops/index.js';
import {
  type ArgumentRule,
  activityRegularizer,
  constraint,
  converted,
  kept,
  meaningless,
  only,
  regularizer,
} from '../arguments.js';
import { defineLayer } from '../definition.js';
import { keepMask } from '../drop.js';
import { OwnLayer } from '../own-layer.js';
import type { LayerScope } from '../scope.js';
import { type BatchShape, fixedSize } from '../tfjs-layer.js';

type Weight = ReturnType<OwnLayer['addWeight']>;

/** The four projections; `attentionOutput` is that of all heads together. */
const projections = ['query', 'key', 'value', 'attention_output'] as const;
type Projection = (typeof projections)[number];

/** Makes the mask of an attention's dropout. */
type Keep = (shape: number[], rate: number) => Tensor;

/** Query, value and key of a call; the value is the key where none is given. */
function roles<T>(inputs: readonly T[], layer: string): { query: T; value: T; key: T } {
  const [query, value, key = value] = inputs;
  if (query === undefined || value === undefined || key === undefined || inputs.length > 3) {
    throw new TypeError(`layer ${layer} expects a query, a value and perhaps a key but has ${inputs.length} inputs`);
  }
  return { query, value, key };
}

/**
 * Keras's `MultiHeadAttention` over one axis (Vaswani et al. 2017): inputs query [batch, tokens, features], value and, if it
 * is another tensor, key [batch, others, features]. Kernels as in Keras: [features, heads, size], and [heads, size, features]
 * of the output.
 */
class MultiHeadAttention extends OwnLayer {
  static readonly className = 'MultiHeadAttention';
  readonly #weights = new Map<string, Weight>();

  override build(inputShape: BatchShape | BatchShape[]): void {
    const { settings, name } = this;
    const { query, value, key } = roles(inputShape as BatchShape[], name);
    if ([query, value, key].some((shape) => shape.length !== 3)) {
      throw new RangeError(`layer ${name} expects inputs [batch, tokens, features]`);
    }
    const [heads, size] = [settings.number('numHeads', 1), settings.number('keyDim', 1)];
    const valueSize = settings.number('valueDim', size);
    const outputs = settings.number('outputShape', fixedSize(query, 2, name));
    const shapes: Readonly<Record<Projection, number[]>> = {
      query: [fixedSize(query, 2, name), heads, size],
      key: [fixedSize(key, 2, name), heads, size],
      value: [fixedSize(value, 2, name), heads, valueSize],
      attention_output: [heads, valueSize, outputs],
    };
    for (const projection of projections) {
      const shape = shapes[projection];
      const bias = projection === 'attention_output' ? shape.slice(-1) : shape.slice(1);
      this.#add(`${projection}_kernel`, shape, 'kernel', 'glorotUniform');
      if (settings.boolean('useBias', true)) this.#add(`${projection}_bias`, bias, 'bias', 'zeros');
    }
    this.built = true;
  }

  #add(name: string, shape: number[], kind: 'kernel' | 'bias', otherwise: 'glorotUniform' | 'zeros'): void {
    const initializer = this.serialized(`${kind}Initializer`) ?? tf.initializers[otherwise]({});
    const penalty = this.serialized(`${kind}Regularizer`);
    this.#weights.set(name, this.addWeight(name, shape, 'float32', initializer as never, penalty as never, true));
  }

  override computeOutputShape(inputShape: BatchShape | BatchShape[]): BatchShape {
    const { query } = roles(inputShape as BatchShape[], this.name);
    return [...query.slice(0, 2), this.settings.number('outputShape', fixedSize(query, 2, this.name))];
  }

  protected override compute(): Tensor {
    throw new TypeError(`layer ${this.name} takes several inputs`);
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tf.tidy(() => this.attend(inputs));
  }

  /** The output; `keep` makes the mask of the dropout, which is that of training. */
  attend(inputs: Tensor | Tensor[], keep?: Keep): Tensor {
    const { settings } = this;
    const { query, value, key } = roles(inputs as Tensor[], this.name);
    const heads = settings.number('numHeads', 1);
    const split = (x: Tensor, projection: Projection): Tensor => {
      const projected = this.#projected(x, projection, x.shape[2] ?? 1);
      return tf.transpose(tf.reshape(projected, [x.shape[0] ?? 1, x.shape[1] ?? 1, heads, -1]), [0, 2, 1, 3]);
    };
    const scores = tf.matMul(split(query, 'query'), split(key, 'key'), false, true);
    const shares = tf.softmax(tf.mul(scores, 1 / Math.sqrt(settings.number('keyDim', 1))));
    const rate = settings.number('dropout', 0);
    const kept = keep && rate > 0 ? tf.mul(shares, tf.mul(keep(shares.shape, rate), 1 / (1 - rate))) : shares;
    const attended = tf.transpose(tf.matMul(kept, split(value, 'value')), [0, 2, 1, 3]);
    const [batch = 1, tokens = 1, , size = 1] = attended.shape;
    return this.#projected(tf.reshape(attended, [batch, tokens, heads * size]), 'attention_output', heads * size);
  }

  #projected(x: Tensor, projection: Projection, features: number): Tensor {
    const [batch = 1, tokens = 1] = x.shape;
    const kernel = tf.reshape(this.#weight(`${projection}_kernel`), [features, -1]);
    const product = tf.matMul(tf.reshape(x, [-1, features]), kernel);
    const bias = this.#weights.get(`${projection}_bias`)?.read();
    const biased = bias === undefined ? product : tf.add(product, tf.reshape(bias, [-1]));
    return tf.reshape(biased, [batch, tokens, -1]);
  }

  #weight(name: string): Tensor {
    const weight = this.#weights.get(name);
    if (weight === undefined) throw new TypeError(`layer ${this.name} is not built`);
    return weight.read();
  }
}

/** x [-1, tokens, features] times a kernel, plus its bias: [-1, tokens, units]. */
function project(scope: LayerScope, x: Value, projection: Projection): Value {
  const { graph } = scope;
  const [, tokens, features] = x.shape as readonly [number, number, number];
  const rows = reshape(graph, scope.compute(x), [-1, features]);
  const weight = scope.weight(`${projection}_kernel`);
  const units = weight.shape.reduce((all, size) => all * size, 1) / features;
  const kernel = cast(graph, reshape(graph, weight, [features, units]), scope.computeType, [rows.node]);
  const product = matMul(graph, rows, kernel);
  const biased = scope.has(`${projection}_bias`)
    ? biasAdd(graph, product, cast(graph, reshape(graph, scope.weight(`${projection}_bias`), [units]), product.type))
    : product;
  return reshape(graph, biased, [-1, tokens, units]);
}

/** The heads of a projection: [-1, heads, tokens, size]. */
function heads(scope: LayerScope, x: Value, projection: Projection): Value {
  const projected = project(scope, x, projection);
  const [, tokens, units] = projected.shape as readonly [number, number, number];
  const count = scope.settings.number('numHeads', 1);
  return transpose(scope.graph, reshape(scope.graph, projected, [-1, tokens, count, units / count]), [0, 2, 1, 3]);
}

/** Null, one size, or a list of one. */
const outputShape: ArgumentRule = {
  passed: true,
  expected: 'none or one size',
  accepts: (value) => value === null || typeof value === 'number' || (Array.isArray(value) && value.length === 1),
  read: (value) => (Array.isArray(value) ? (value[0] as unknown) : value),
};

/** The tokens' axis alone. */
const attentionAxes: ArgumentRule = {
  passed: false,
  expected: '[1] or none',
  accepts: (value) => value === null || value === 1 || (Array.isArray(value) && value.length === 1 && value[0] === 1),
};

defineLayer({
  className: MultiHeadAttention.className,
  layer: MultiHeadAttention,
  arguments: {
    num_heads: kept,
    key_dim: kept,
    value_dim: kept,
    dropout: kept,
    use_bias: kept,
    output_shape: outputShape,
    attention_axes: attentionAxes,
    use_gate: only(false),
    sliding_window: only(null),
    flash_attention: meaningless,
    seed: meaningless,
    query_shape: converted,
    key_shape: converted,
    value_shape: converted,
    kernel_initializer: kept,
    bias_initializer: kept,
    kernel_regularizer: regularizer,
    bias_regularizer: regularizer,
    activity_regularizer: activityRegularizer,
    kernel_constraint: constraint,
    bias_constraint: constraint,
  },
  callInputs: ['query', 'value', 'key'],
  callDefaults: { training: false, use_causal_mask: false, return_attention_scores: false },
  lower: (scope, inputs) => {
    const { graph, settings, layer } = scope;
    const { query, value, key } = roles(inputs, layer.name);
    const scores = batchMatMul(graph, heads(scope, query, 'query'), heads(scope, key, 'key'), false, true);
    const scaled = scale(graph, cast(graph, scores, 'float32'), 1 / Math.sqrt(settings.number('keyDim', 1)));
    const shares = unary(graph, 'Softmax', scaled);
    const rate = settings.number('dropout', 0);
    const kept =
      scope.training && rate > 0
        ? binary(graph, 'Mul', scale(graph, shares, 1 / (1 - rate)), keepMask(scope, shares.shape, rate, shares.type))
        : shares;
    const attended = batchMatMul(graph, scope.compute(kept), heads(scope, value, 'value'));
    const [, count, tokens, size] = attended.shape as readonly [number, number, number, number];
    const merged = reshape(graph, transpose(graph, attended, [0, 2, 1, 3]), [-1, tokens, count * size]);
    return project(scope, merged, 'attention_output');
  },
  draw: (_settings, _x, random, place, { layer, inputs }) =>
    (layer as MultiHeadAttention).attend(inputs, (shape, rate) => random.keepMask(shape, rate, place)),
});
