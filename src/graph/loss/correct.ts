import type { StepSpec } from '../../contracts/index.js';
import { judgement } from '../../models/outputs.js';
import { argMax, cast, compare, type GraphBuilder, reduce, reshape, scalarOf, type Value } from '../../ops/index.js';

/** How many samples are right, a float32 scalar. */
export function correctCount(graph: GraphBuilder, spec: StepSpec, output: Value, targets: Value): Value {
  const judged = judgement(spec, output.shape[1] as number);
  const indices = targets.type === 'int32';
  const count = (right: Value): Value => reduce(graph, 'Sum', cast(graph, right, 'float32'));
  if (judged.by === 'greatest') {
    return count(compare(graph, 'Equal', argMax(graph, output), indices ? targets : argMax(graph, targets)));
  }
  const said = compare(graph, 'Greater', output, scalarOf(graph, output, judged.threshold));
  if (indices) return count(compare(graph, 'Equal', cast(graph, reshape(graph, said, [-1]), 'int32'), targets));
  return rowsRight(graph, said, targets);
}

/** How many rows are said to be what targets above 0.5 say, in every element. */
function rowsRight(graph: GraphBuilder, said: Value, targets: Value): Value {
  const truth = compare(graph, 'Greater', targets, scalarOf(graph, targets, 0.5));
  const wrong = cast(graph, compare(graph, 'NotEqual', said, truth), 'float32');
  const errors = reduce(graph, 'Sum', wrong, [1]);
  const right = compare(graph, 'Equal', errors, scalarOf(graph, errors, 0));
  return reduce(graph, 'Sum', cast(graph, right, 'float32'));
}
