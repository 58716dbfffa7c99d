import { type Tensor, tf } from '../../base/tf.js';
import { batchMatMul, cast, reshape, scale, slice, transpose, unary, type Value } from '../../ops/index.js';
import { kept } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { single } from '../scope.js';
import {
  type BatchShape,
  baseOptions,
  fixedSize,
  type LayerOptions,
  onlyInput,
  onlyShape,
  type SerializedConfig,
} from '../tfjs-layer.js';

/** Configuration of `SelfAttention`. */
interface SelfAttentionOptions extends LayerOptions {
  /** Number of heads; it divides the number of features. */
  readonly heads: number;
}

/**
 * Multi-head scaled dot-product attention (Vaswani et al. 2017) of tokens to each other, without weights of its own: from
 * `[batch, tokens, 3 x features]`, queries, keys and values beside each other as one dense layer gives them (the order of
 * PyTorch's `in_proj_weight`), to `[batch, tokens, features]`. Head h takes features h d to (h + 1) d, d = features / heads.
 */
export class SelfAttention extends tf.layers.Layer {
  static readonly className = 'SelfAttention';
  readonly heads: number;

  constructor(options: SelfAttentionOptions) {
    super(baseOptions(options));
    this.heads = options.heads;
  }

  override build(inputShape: BatchShape | BatchShape[]): void {
    const features = fixedSize(onlyShape(inputShape), -1, this.name);
    if (features % (3 * this.heads) !== 0) {
      throw new RangeError(
        `layer ${this.name} expects three times a multiple of ${this.heads} features but has ${features}`,
      );
    }
    this.built = true;
  }

  override computeOutputShape(inputShape: BatchShape | BatchShape[]): BatchShape {
    const shape = onlyShape(inputShape);
    return [shape[0] ?? null, shape[1] ?? null, fixedSize(shape, 2, this.name) / 3];
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tf.tidy(() => {
      const x = onlyInput(inputs);
      const [batch = 1, tokens = 1, triple = 3] = x.shape;
      const { heads } = this;
      const size = triple / 3 / heads;
      // [3, batch, heads, tokens, size], then one batch of matrices a kind.
      const parts = tf.transpose(tf.reshape(x, [batch, tokens, 3, heads, size]), [2, 0, 3, 1, 4]);
      const [queries, keys, values] = tf.unstack(tf.reshape(parts, [3, batch * heads, tokens, size]));
      if (queries === undefined || keys === undefined || values === undefined)
        throw new TypeError('unstack gave too few tensors');
      const scores = tf.mul(tf.matMul(queries, keys, false, true), 1 / Math.sqrt(size));
      const attended = tf.matMul(tf.softmax(scores), values);
      const merged = tf.transpose(tf.reshape(attended, [batch, heads, tokens, size]), [0, 2, 1, 3]);
      return tf.reshape(merged, [batch, tokens, heads * size]);
    });
  }

  override getConfig(): SerializedConfig {
    return { ...super.getConfig(), heads: this.heads };
  }
}

/** softmax(Q K' / sqrt(d)) V for each head; the softmax in float32. */
defineLayer({
  className: SelfAttention.className,
  layer: SelfAttention,
  described: true,
  arguments: { heads: kept },
  lower: single((scope, x) => {
    const { graph, settings } = scope;
    const [, tokens, triple] = x.shape as readonly [number, number, number];
    const heads = settings.number('heads', 1);
    const size = triple / 3 / heads;
    const parts = reshape(graph, scope.compute(x), [-1, tokens, 3, heads, size]);
    const part = (which: number): Value => {
      const one = slice(graph, parts, [0, 0, which, 0, 0], [-1, tokens, 1, heads, size]);
      return transpose(graph, reshape(graph, one, [-1, tokens, heads, size]), [0, 2, 1, 3]);
    };
    const scores = scale(graph, batchMatMul(graph, part(0), part(1), false, true), 1 / Math.sqrt(size));
    const shares = unary(graph, 'Softmax', cast(graph, scores, 'float32'));
    const attended = batchMatMul(graph, scope.compute(shares), part(2));
    return reshape(graph, transpose(graph, attended, [0, 2, 1, 3]), [-1, tokens, heads * size]);
  }),
});
