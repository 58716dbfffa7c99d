import { stats, statsLength } from '../contracts/index.js';
import { addAll, binary, cast, compare, type GraphBuilder, pack, reduce, type Value } from '../ops/index.js';
import type { LossParts } from './loss/index.js';
import type { Forward } from './walk.js';

/** The stats row and the scalar whose gradient training follows. */
export function summary(
  graph: GraphBuilder,
  { losses, weights, correct }: LossParts,
  forward: Forward,
  batch: Value,
): { row: Value; objective: Value } {
  const count = cast(graph, batch, 'float32');
  const weighted = weights === undefined ? losses : binary(graph, 'Mul', losses, weights);
  const lossSum = reduce(graph, 'Sum', weighted);
  const weightSum = weights === undefined ? count : reduce(graph, 'Sum', weights);
  const zero = graph.constant(0, 'float32');
  const penalties = [
    ...forward.weightPenalties,
    ...forward.activityPenalties.map((penalty) => binary(graph, 'RealDiv', penalty, count)),
  ];
  const penalty = penalties.length === 0 ? undefined : addAll(graph, penalties);
  // Samples that all weigh 0 have loss and gradient 0, not 0/0.
  const nothing = weights === undefined ? undefined : cast(graph, compare(graph, 'Equal', weightSum, zero), 'float32');
  const divisor = nothing === undefined ? weightSum : binary(graph, 'AddV2', weightSum, nothing);
  const mean = binary(graph, 'RealDiv', lossSum, divisor);
  const numbers: Record<keyof typeof stats, Value> = {
    lossSum,
    weightSum,
    correct,
    count,
    regularization: penalty ?? zero,
  };
  const row = new Array<Value>(statsLength).fill(zero);
  for (const [name, place] of Object.entries(stats)) row[place] = numbers[name as keyof typeof stats];
  return {
    row: pack(graph, row),
    objective: penalty === undefined ? mean : binary(graph, 'AddV2', mean, penalty),
  };
}
