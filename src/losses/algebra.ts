import type { BoxAlgebra } from './box-algebra.js';

/**
 * The operations that losses are written in. Both engines evaluate them: tensors of tfjs, or nodes of a graph. Values are
 * float32, [B,K] a sample and class, [B,1] or [B] a sample, [K] a class; they broadcast as in NumPy. Gradients at kinks
 * are TensorFlow's and PyTorch's: 0 for |x| at 0, shared by equal maxima, to the first operand where two are equal.
 */
export interface LossAlgebra<Value> extends BoxAlgebra<Value> {
  add(a: Value, b: Value | number): Value;
  subtract(a: Value, b: Value): Value;
  multiply(a: Value, b: Value | number): Value;
  divide(a: Value, b: Value): Value;
  maximum(a: Value, b: Value | number): Value;
  minimum(a: Value, b: Value | number): Value;
  /** a ^ exponent, of positive numbers. */
  power(a: Value, exponent: number): Value;
  /** (a - b)^2 */
  squaredDifference(a: Value, b: Value): Value;
  negate(a: Value): Value;
  absolute(a: Value): Value;
  square(a: Value): Value;
  exponential(a: Value): Value;
  /** e^a - 1, which keeps its digits near 0. */
  expm1(a: Value): Value;
  log(a: Value): Value;
  /** log(1 + a), which keeps its digits near 0. */
  log1p(a: Value): Value;
  /** log(1 + e^a), for numbers of any size. */
  softplus(a: Value): Value;
  /** Over the classes. */
  logSoftmax(a: Value): Value;
  /** 1 where a number is 0, else 0. Without gradient. */
  isZero(a: Value): Value;
  /** Over the classes: [B,K] to [B]. */
  sum(a: Value): Value;
  /** Over the classes: [B,K] to [B,1]. */
  columnOfSums(a: Value): Value;
  /** Over the classes: [B,K] to [B]. */
  mean(a: Value): Value;
  /** Over the classes: [B,K] to [B]. */
  largest(a: Value): Value;
  /** -log softmax of the target class, [B]: `targets` are class indices, or rows that sum to 1. */
  softmaxCrossEntropy(logits: Value, targets: Value): Value;
  /** Over the pixels of each image: [R,K] to [B,K], `each` rows an image. */
  sumOfPixels(a: Value, each: number): Value;
  /** [R] to [R,1]. */
  column(a: Value): Value;
  /** One number a class, [K]. */
  perClass(numbers: readonly number[]): Value;
  /** The number of each sample's class, [B], from numbers [K] and class indices [B]. */
  ofClass(numbers: Value, indices: Value): Value;
  /**
   * A value of `x` and of others that are constant, with its gradient to `x` written out, where that of the plain formula
   * would be wrong or not finite.
   */
  withGradient(
    x: Value,
    others: readonly Value[],
    value: (x: Value, ...others: Value[]) => Value,
    gradient: (ofValue: Value, x: Value, ...others: Value[]) => Value,
  ): Value;
}

/** What a loss compares. */
export interface LossInputs<Value> {
  /** The model's outputs, [B,K]. */
  readonly outputs: Value;
  /** K. */
  readonly width: number;
  /** What outputs are probabilities of: undefined where that is not known, and for losses that take no logits. */
  readonly logits: Value | undefined;
  /** Class indices [B], where targets are those. */
  readonly indices: Value | undefined;
  /** Targets [B,K]: multi-label or soft ones, one-hot rows of class indices, or 0 and 1 for a single output. */
  readonly rows: Value;
  /** Where a row is a pixel of a mask, R in all: 0 for those of no class, else 1, [R]; and how many an image has. */
  readonly pixels?: { readonly valid: Value; readonly each: number } | undefined;
  /** Of detectors. */
  readonly boxes?: BoxInputs<Value> | undefined;
}

/** What a detector gives for a batch, and what its images show. */
export interface BoxInputs<Value> {
  /** [B, points, 4 + classes]: left, top, right, bottom in pixels, and a logit for each class. */
  readonly outputs: Value;
  readonly points: number;
  readonly classes: number;
  /** [B, rows, 6]: left, top, right, bottom, class, and what the row is: 0 nothing, 1 an object, 2 to be ignored. */
  readonly targets: Value;
  readonly rows: number;
  /** Uniform numbers from 0 up to 1, [B,1,points] or [1,1,points]: of the step in training, the same ones in every evaluation. */
  readonly uniform: () => Value;
  /** Pixels. */
  readonly image: { readonly height: number; readonly width: number };
}

/** A loss of each sample, [B], and where it has them the samples' weights, [B]. */
export interface WeightedLosses<Value> {
  readonly losses: Value;
  /** Undefined where all are 1. */
  readonly weights: Value | undefined;
}
