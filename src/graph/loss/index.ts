import { ConvoyError, optionError } from '../../base/errors.js';
import type { LossSpec, StepSpec } from '../../contracts/index.js';
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
  scale,
  shift,
  unary,
  type Value,
} from '../../ops/index.js';
import {
  binaryOfLogits,
  binaryOfProbabilities,
  crossEntropy,
  focal,
  fusedCrossEntropy,
  hinge,
  huber,
  klDivergence,
  klOfProbabilities,
  logOfProbabilities,
  meanAbsoluteError,
  meanSquaredError,
  rowsRight,
} from './formulas.js';

/** Losses and counts of a batch. */
export interface LossParts {
  /** Loss l_i of each sample, [B]. */
  readonly losses: Value;
  /** Weight w_i of each sample, [B]; undefined when all are 1. */
  readonly weights: Value | undefined;
  /** How many samples are right, a float32 scalar. */
  readonly correct: Value;
}

/** Lin et al. 2017, section 5.1, and Keras: gamma 2, alpha 0.25. */
const focalDefaults = { gamma: 2, alpha: 0.25 };

/**
 * Adds a loss to the graph, by the formulas of `src/losses`, fused where TensorFlow has it.
 *
 * @param output the model's output [B, K], or [B, 1] for class indices 0 and 1.
 * @param targets int32 [B] class indices, or float32 [B, K].
 */
export function lowerLoss(graph: GraphBuilder, spec: StepSpec, output: Value, targets: Value): LossParts {
  const { loss } = spec;
  return {
    ...sampleLosses(graph, loss, new Outputs(graph, output, targets)),
    correct: correctCount(graph, spec, output, targets),
  };
}

/** How many samples are right, a float32 scalar. */
function correctCount(graph: GraphBuilder, spec: StepSpec, output: Value, targets: Value): Value {
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

/** A model's output and targets in the forms that losses want. */
class Outputs {
  constructor(
    readonly graph: GraphBuilder,
    readonly output: Value,
    readonly targets: Value,
  ) {}

  /** The output in float32. */
  get values(): Value {
    return cast(this.graph, this.output, 'float32');
  }

  /** Width of a row. */
  get width(): number {
    return this.output.shape[1] as number;
  }

  /** True when targets are class indices. */
  get indices(): boolean {
    return this.targets.type === 'int32';
  }

  /** Targets as float32 [B, K]. */
  get rows(): Value {
    const { graph, targets, width } = this;
    if (!this.indices) return targets;
    if (width === 1) return reshape(graph, cast(graph, targets, 'float32'), [-1, 1]);
    const [on, off] = [graph.constant(1, 'float32'), graph.constant(0, 'float32')];
    const attributes = { T: { type: 'float32' }, TI: { type: 'int32' }, axis: -1 } as const;
    const inputs = [targets, graph.constant(width, 'int32'), on, off];
    return graph.add('OneHot', inputs, attributes, { type: 'float32', shape: [-1, width] });
  }

  /**
   * The logits: the output, or what is under the softmax or sigmoid that made it when it is probabilities. Undefined
   * when probabilities come from elsewhere.
   */
  logits(activation: 'Softmax' | 'Sigmoid', fromLogits = true): Value | undefined {
    if (fromLogits) return this.values;
    const { node } = this.output.node.op === 'Cast' ? (this.output.node.inputs[0] as Value) : this.output;
    return node.op === activation ? cast(this.graph, node.inputs[0] as Value, 'float32') : undefined;
  }

  /** Logarithms of class probabilities. */
  logs(fromLogits?: boolean): Value {
    const logits = this.logits('Softmax', fromLogits);
    return logits === undefined ? logOfProbabilities(this.graph, this.values) : unary(this.graph, 'LogSoftmax', logits);
  }
}

type Sampled = Omit<LossParts, 'correct'>;

function sampleLosses(graph: GraphBuilder, loss: LossSpec, outputs: Outputs): Sampled {
  switch (loss.name) {
    case 'crossEntropy':
      return softmaxLosses(graph, loss, outputs);
    case 'binaryCrossEntropy': {
      const rows = smooth(graph, outputs.rows, loss.labelSmoothing, 0.5);
      const logits = outputs.logits('Sigmoid', loss.fromLogits);
      return unweighted(
        logits === undefined ? binaryOfProbabilities(graph, outputs.values, rows) : binaryOfLogits(graph, logits, rows),
      );
    }
    case 'focal': {
      const { gamma = focalDefaults.gamma, alpha = focalDefaults.alpha } = loss;
      return unweighted(focal(graph, outputs.logs(loss.fromLogits), outputs.rows, gamma, alpha));
    }
    case 'meanSquaredError':
      return unweighted(meanSquaredError(graph, outputs.values, outputs.rows));
    case 'meanAbsoluteError':
      return unweighted(meanAbsoluteError(graph, outputs.values, outputs.rows));
    case 'huber':
      return unweighted(huber(graph, outputs.values, outputs.rows, loss.delta ?? 1));
    case 'klDivergence':
      return unweighted(
        loss.fromLogits === false
          ? klOfProbabilities(graph, outputs.values, outputs.rows)
          : klDivergence(graph, outputs.logs(), outputs.rows),
      );
    case 'hinge':
      return unweighted(hinge(graph, outputs.values, outputs.rows));
    default:
      throw new ConvoyError('CONVOY_MODEL', `Expected a loss that can be compiled but found ${JSON.stringify(loss)}`);
  }
}

function softmaxLosses(
  graph: GraphBuilder,
  loss: Extract<LossSpec, { name: 'crossEntropy' }>,
  outputs: Outputs,
): Sampled {
  const { labelSmoothing = 0, classWeights } = loss;
  const { indices, width } = outputs;
  const logits = outputs.logits('Softmax', loss.fromLogits);
  const table = classWeights === undefined ? undefined : weightTable(graph, classWeights, width);
  const weights = table !== undefined && indices ? gather(graph, table, outputs.targets) : undefined;
  if (indices && labelSmoothing === 0 && logits !== undefined) {
    return { losses: fusedCrossEntropy(graph, logits, outputs.targets), weights };
  }
  const rows = smooth(graph, outputs.rows, labelSmoothing, 1 / width);
  if (table === undefined) {
    // The fused op's gradient holds for rows that sum to 1, as those made from class indices do.
    const fused = indices && logits !== undefined;
    return unweighted(
      fused ? fusedCrossEntropy(graph, logits, rows) : crossEntropy(graph, outputs.logs(loss.fromLogits), rows),
    );
  }
  const losses = crossEntropy(graph, outputs.logs(loss.fromLogits), binary(graph, 'Mul', rows, table));
  // PyTorch divides by the sum of the targets' weights for class indices, but by the batch size for soft targets.
  if (weights === undefined) return unweighted(losses);
  const none = cast(graph, compare(graph, 'Equal', weights, graph.constant(0, 'float32')), 'float32');
  return { losses: binary(graph, 'RealDiv', losses, binary(graph, 'AddV2', weights, none)), weights };
}

function unweighted(losses: Value): Sampled {
  return { losses, weights: undefined };
}

/** t (1 - s) + s * rest: label smoothing, `rest` being 1/K (softmax) or 1/2 (binary). */
function smooth(graph: GraphBuilder, rows: Value, smoothing = 0, rest: number): Value {
  return shift(graph, scale(graph, rows, 1 - smoothing), smoothing * rest);
}

function weightTable(graph: GraphBuilder, weights: readonly number[], width: number): Value {
  if (weights.length !== width) throw optionError('loss.classWeights', `${width} numbers`, weights);
  return graph.constant(weights, 'float32', [width], 'class_weights');
}

function gather(graph: GraphBuilder, table: Value, indices: Value): Value {
  const attributes = { Tparams: { type: 'float32' }, Tindices: { type: 'int32' }, Taxis: { type: 'int32' } } as const;
  const inputs = [table, indices, graph.constant(0, 'int32')];
  return graph.add('GatherV2', inputs, attributes, { type: 'float32', shape: [-1] });
}
