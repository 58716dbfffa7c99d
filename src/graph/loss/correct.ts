import type { StepSpec } from '../../contracts/index.js';
import { judgement } from '../../models/outputs.js';
import {
  argMax,
  binary,
  cast,
  compare,
  type GraphBuilder,
  reduce,
  reshape,
  scalarOf,
  type Value,
} from '../../ops/index.js';
import type { Rows } from './rows.js';

/** How many samples are right, a float32 scalar; of masks, the sum of the shares of pixels that are right. */
export function correctCount(graph: GraphBuilder, spec: StepSpec, rows: Rows): Value {
  const { outputs: output, targets, pixels } = rows;
  if (spec.targets === 'pixels' || spec.targets === 'boxes') return graph.constant(0, 'float32');
  const judged = judgement(spec, output.shape[1] as number);
  const indices = targets.type === 'int32';
  const count = (right: Value): Value => {
    const ones = cast(graph, right, 'float32');
    return reduce(graph, 'Sum', pixels === undefined ? ones : shareOfImage(graph, ones, pixels));
  };
  if (judged.by === 'greatest') {
    return count(compare(graph, 'Equal', argMax(graph, output), indices ? targets : argMax(graph, targets)));
  }
  const said = compare(graph, 'Greater', output, scalarOf(graph, output, judged.threshold));
  if (indices) return count(compare(graph, 'Equal', cast(graph, reshape(graph, said, [-1]), 'int32'), targets));
  return rowsRight(graph, said, targets);
}

/** Of each image, [B], which share of the pixels that have a class is right. */
function shareOfImage(graph: GraphBuilder, right: Value, { valid, each }: NonNullable<Rows['pixels']>): Value {
  const perImage = (x: Value): Value => reduce(graph, 'Sum', reshape(graph, x, [-1, each]), [1]);
  const counted = perImage(valid);
  const least = binary(graph, 'Maximum', counted, scalarOf(graph, counted, 1));
  return binary(graph, 'RealDiv', perImage(binary(graph, 'Mul', right, valid)), least);
}

/** How many rows are said to be what targets above 0.5 say, in every element. */
function rowsRight(graph: GraphBuilder, said: Value, targets: Value): Value {
  const truth = compare(graph, 'Greater', targets, scalarOf(graph, targets, 0.5));
  const wrong = cast(graph, compare(graph, 'NotEqual', said, truth), 'float32');
  const errors = reduce(graph, 'Sum', wrong, [1]);
  const right = compare(graph, 'Equal', errors, scalarOf(graph, errors, 0));
  return reduce(graph, 'Sum', cast(graph, right, 'float32'));
}
