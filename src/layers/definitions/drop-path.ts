import { type Tensor, tf } from '../../base/tf.js';
import { kept } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { atRate, drawDropped, drop } from '../drop.js';
import {
  type BatchShape,
  baseOptions,
  type LayerOptions,
  onlyInput,
  onlyShape,
  type SerializedConfig,
} from '../tfjs-layer.js';

/** Configuration of `DropPath`. */
interface DropPathOptions extends LayerOptions {
  /** Probability to drop a sample's branch, from 0 up to but not including 1. */
  readonly rate: number;
}

/**
 * Stochastic depth (Huang et al. 2016): in training drops the whole branch of a sample with probability `rate` and
 * scales the others by 1 / (1 - rate); in inference does nothing. It is Keras's Dropout with a noise shape of
 * `[null, 1, ...]`. The engines draw its masks by key; called by tfjs alone it draws unseeded.
 */
export class DropPath extends tf.layers.Layer {
  static readonly className = 'DropPath';
  readonly rate: number;

  constructor(options: DropPathOptions) {
    super(baseOptions(options));
    this.rate = options.rate;
  }

  override computeOutputShape(inputShape: BatchShape | BatchShape[]): BatchShape {
    return onlyShape(inputShape);
  }

  override call(inputs: Tensor | Tensor[], kwargs?: { readonly training?: boolean }): Tensor {
    const x = onlyInput(inputs);
    if (kwargs?.training !== true || this.rate === 0) return tf.tidy(() => tf.clone(x));
    return tf.tidy(() => tf.dropout(x, this.rate, branchShape(x)));
  }

  override getConfig(): SerializedConfig {
    return { ...super.getConfig(), rate: this.rate };
  }
}

/** One element a sample. */
function branchShape(x: Tensor): number[] {
  return x.shape.map((size, axis) => (axis === 0 ? size : 1));
}

/** Whole samples at once: stochastic depth (Huang et al. 2016). */
defineLayer({
  className: DropPath.className,
  layer: DropPath,
  described: true,
  arguments: { rate: kept },
  callDefaults: { training: false },
  lower: atRate((scope, x, rate) =>
    drop(
      scope,
      x,
      rate,
      x.shape.map((size, axis) => (axis === 0 ? size : 1)),
    ),
  ),
  draw: drawDropped((_settings, x) => branchShape(x)),
});
