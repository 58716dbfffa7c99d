import { defineLoss } from '../define.js';

/** mean_k of max(0, 1 - y z)^2, with y = 2 t - 1. */
export const squaredHinge = defineLoss({
  name: 'squaredHinge',
  title: 'Squared hinge of each class: its score must be on the right side of 0 by a margin of 1',
  source: "Keras's `SquaredHinge`; as published for images: Courbariaux et al. 2016",
  // Scores whose sign decides, as logits of a sigmoid do.
  outputs: 'sigmoid',
  options: {},
  formula: (math, { outputs, rows }) => {
    const sides = math.add(math.multiply(rows, 2), -1);
    const short = math.add(math.negate(math.multiply(sides, outputs)), 1);
    return math.mean(math.square(math.maximum(short, 0)));
  },
  examples: [{}],
});
