/** Places of the numbers in a shard's statistics line. */
export const stats = {
  /** Sum of w_i l_i. */
  lossSum: 0,
  /** Sum of w_i. */
  weightSum: 1,
  /** Samples whose prediction is right. */
  correct: 2,
  /** Samples. */
  count: 3,
  /** Regularization loss, the same for every shard. */
  regularization: 4,
} as const;

/** Numbers in a statistics line: one cache line, which TensorFlow's alignment asks for too. */
export const statsLength = 16;
