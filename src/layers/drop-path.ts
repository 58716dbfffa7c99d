import { type Tensor, tf } from '../base/tf.js';
import { baseOptions, type LayerConfig, type LayerOptions, onlyInput, onlyShape, type Shape } from './layer.js';

/** Configuration of `DropPath`. */
export interface DropPathOptions extends LayerOptions {
  /** Probability to drop a sample's branch, from 0 up to but not including 1. */
  readonly rate: number;
}

/** Where a keyed random layer takes its masks from: 1 with probability 1 - rate, else 0. */
interface MaskSource {
  keepMask(shape: readonly number[], rate: number, layerIndex: number): Tensor;
}

/**
 * Stochastic depth (Huang et al. 2016): in training drops the whole branch of a sample with probability `rate` and
 * scales the others by 1 / (1 - rate); in inference does nothing. It is Keras's Dropout with a noise shape of
 * `[null, 1, ...]`. The engines draw its masks by key (`keyedCall`); called by tfjs alone it draws unseeded.
 */
export class DropPath extends tf.layers.Layer {
  static readonly className = 'DropPath';
  readonly rate: number;

  constructor(options: DropPathOptions) {
    super(baseOptions(options));
    this.rate = options.rate;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return onlyShape(inputShape);
  }

  override call(inputs: Tensor | Tensor[], kwargs?: { readonly training?: boolean }): Tensor {
    const x = onlyInput(inputs);
    if (kwargs?.training !== true || this.rate === 0) return tf.tidy(() => tf.clone(x));
    return tf.tidy(() => tf.dropout(x, this.rate, branchShape(x)));
  }

  /** Training's call with masks from outside. */
  keyedCall(x: Tensor, random: MaskSource, layerIndex: number): Tensor {
    if (this.rate === 0) return x;
    const mask = random.keepMask(branchShape(x), this.rate, layerIndex);
    return tf.tidy(() => tf.mul(tf.mul(x, 1 / (1 - this.rate)), mask));
  }

  override getConfig(): LayerConfig {
    return { ...super.getConfig(), rate: this.rate };
  }
}

/** One element a sample. */
function branchShape(x: Tensor): number[] {
  return x.shape.map((size, axis) => (axis === 0 ? size : 1));
}

tf.serialization.registerClass(DropPath);
