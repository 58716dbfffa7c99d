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

/** Place in a statistics line that engines leave 0; in a cluster 1 where the shard's rank was asked to stop. */
export const stopAskedPlace = 5;

/** Numbers in a statistics line: one cache line, which TensorFlow's alignment asks for too. */
export const statsLength = 16;
