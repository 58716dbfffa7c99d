import { drop } from './random.js';
import { single, type LoweringTable } from './scope.js';

/** Stochastic depth: the mask of dropout, one element a sample. */
export const dropPathLowerings: LoweringTable = {
  DropPath: single((scope, x) => {
    const rate = scope.config.number('rate', 0);
    if (!scope.pass.training || rate === 0) return x;
    return drop(scope.graph, scope.randomKey(), x, rate, x.shape.map((size, axis) => (axis === 0 ? size : 1)));
  }),
};
