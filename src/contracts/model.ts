/** What the trainer knows of a model: its parameters in order, and how pixels and targets meet it. */
import type { LossSpec } from '../losses/spec/index.js';
import type { TargetKind } from './targets.js';

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
  readonly targets: TargetKind;
  readonly classes: number;
  /** Rows of boxes of a sample, where targets are boxes. */
  readonly boxes?: number;
  /** Height, width, channels of the uint8 batch slots. */
  readonly image: { readonly height: number; readonly width: number; readonly channels: number };
  readonly mix?: MixSpec;
  /** Evaluate every image and its mirror image, and take the mean of their outputs. */
  readonly testTimeFlip?: true;
}
