/** What the trainer knows of a model: its parameters in order, and how pixels and targets meet it. */

/** One weight tensor of a model. */
export interface ParameterSpec {
  /** `layer/weight`, for example `conv2d_1/kernel`; unique in the model. */
  readonly name: string;
  /** Name of the layer that owns it. */
  readonly layer: string;
  readonly shape: readonly number[];
  /** True when the optimizer moves it; false for moving statistics and for frozen layers. */
  readonly trainable: boolean;
  /** True when training's forward pass itself renews it (moving mean and variance of unfrozen batch norm). */
  readonly updatedByForward: boolean;
}

/** How uint8 pixels become the network's float input: `pixel * scale[c] + offset[c]` per channel. */
export interface Preprocess {
  readonly scale: readonly number[];
  readonly offset: readonly number[];
}

/** Arithmetic of convolutions and matrix products; weights, sums, normalisation, loss stay float32. */
export type Precision = 'float32' | 'bfloat16';

/**
 * A loss by name and options. Per sample i it gives l_i and a weight w_i (1 unless class weights are given); the loss
 * of any set of samples is sum(w_i l_i) / sum(w_i), which is PyTorch's `reduction: 'mean'`.
 *
 * `fromLogits` defaults to true; with false the model's outputs are probabilities (Keras's default).
 */
export type LossSpec =
  | {
      /** Softmax cross-entropy over class indices, or over soft targets when targets are multi-label or mixed. */
      readonly name: 'crossEntropy';
      readonly fromLogits?: boolean;
      readonly labelSmoothing?: number;
      readonly classWeights?: readonly number[];
    }
  | { readonly name: 'binaryCrossEntropy'; readonly fromLogits?: boolean; readonly labelSmoothing?: number }
  /** Focal loss (Lin et al. 2017) on softmax; alpha scales all classes alike. */
  | { readonly name: 'focal'; readonly gamma?: number; readonly alpha?: number; readonly fromLogits?: boolean }
  | { readonly name: 'meanSquaredError' }
  | { readonly name: 'meanAbsoluteError' }
  | { readonly name: 'huber'; readonly delta?: number }
  /** sum_k t_k (log t_k - log softmax(z)_k), PyTorch's `batchmean`; with fromLogits false outputs are probabilities. */
  | { readonly name: 'klDivergence'; readonly fromLogits?: boolean }
  /** Keras's CategoricalHinge: max(0, 1 + max_k (1 - t_k) z_k - sum_k t_k z_k); the inner maximum is never below 0. */
  | { readonly name: 'hinge' }
  /** A function of an ES module (`export`; default `default`) by the path of its file: see `ModuleLoss`. Eager engine only. */
  | { readonly name: 'module'; readonly path: string; readonly export?: string };

/** Mixing of whole batches, drawn per step. */
export interface MixSpec {
  readonly mixup?: number;
  readonly cutmix?: number;
}

/** Everything that decides what one shard's gradient is, besides weights and data. Plain data. */
export interface StepSpec {
  readonly loss: LossSpec;
  readonly preprocess: Preprocess;
  readonly precision: Precision;
  /** Only round to bfloat16 and compute in float32, as suits a processor without bfloat16. */
  readonly emulateBfloat16?: true;
  readonly targets: 'classes' | 'multi-label';
  readonly classes: number;
  /** Height, width, channels of the uint8 batch slots. */
  readonly image: { readonly height: number; readonly width: number; readonly channels: number };
  readonly mix?: MixSpec;
  /** Evaluate every image and its mirror image, and take the mean of their outputs. */
  readonly testTimeFlip?: true;
}
