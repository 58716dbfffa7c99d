import type { LossSpec, StepSpec } from '../contracts/index.js';
import { ConvoyError } from '../errors.js';
import type { GraphBuilder } from './builder.js';
import { cast, compare } from './ops/elementwise.js';
import { argMax, reduce } from './ops/reduce.js';
import type { Value } from './types.js';

/** Losses and counts of a batch. */
export interface LossParts {
  /** Loss l_i of each sample, [B]. */
  readonly losses: Value;
  /** Weight w_i of each sample, [B]; undefined when all are 1. */
  readonly weights: Value | undefined;
  /** How many samples are right, a float32 scalar. */
  readonly correct: Value;
}

/** The logits under probabilities: the input of the softmax or sigmoid that made them, if one did. */
function logitsUnder(output: Value, op: 'Softmax' | 'Sigmoid'): Value | undefined {
  return output.node.op === op ? output.node.inputs[0] : undefined;
}

/** Adds a loss to the graph: `output` is the model's output, float32 [B, K]. */
export function lowerLoss(graph: GraphBuilder, spec: StepSpec, output: Value, targets: Value): LossParts {
  return { losses: sampleLosses(graph, spec.loss, output, targets), weights: undefined, correct: correctCount(graph, output, targets) };
}

function sampleLosses(graph: GraphBuilder, loss: LossSpec, output: Value, targets: Value): Value {
  if (loss.name !== 'crossEntropy') throw new ConvoyError('CONVOY_MODEL', loss.name);
  const logits = loss.fromLogits === false ? logitsUnder(output, 'Softmax') : output;
  if (logits === undefined) throw new ConvoyError('CONVOY_MODEL', 'probabilities');
  const z = cast(graph, logits, 'float32');
  const node = graph.node(
    'SparseSoftmaxCrossEntropyWithLogits',
    [z, targets],
    { T: { type: 'float32' }, Tlabels: { type: 'int32' } },
    [{ type: 'float32', shape: [-1] }, { type: 'float32', shape: z.shape }],
    'cross_entropy',
  );
  return node.outputs[0] as Value;
}

function correctCount(graph: GraphBuilder, output: Value, targets: Value): Value {
  const right = compare(graph, 'Equal', argMax(graph, output), targets);
  return reduce(graph, 'Sum', cast(graph, right, 'float32'));
}

