import { ConvoyError } from '../../base/errors.js';
import type { StepSpec } from '../../contracts/index.js';
import { type LossInputs, type LossSpec, lossNamed, type OutputMeaning } from '../../losses/spec/index.js';
import { cast, type GraphBuilder, reshape, type Value } from '../../ops/index.js';
import { graphAlgebra } from './algebra.js';
import { correctCount } from './correct.js';

/** Losses and counts of a batch. */
export interface LossParts {
  /** Loss l_i of each sample, [B]. */
  readonly losses: Value;
  /** Weight w_i of each sample, [B]; undefined when all are 1. */
  readonly weights: Value | undefined;
  /** How many samples are right, a float32 scalar. */
  readonly correct: Value;
}

/**
 * Adds a loss to the graph, by its formula in `src/losses`.
 *
 * @param output the model's output [B, K], or [B, 1] for class indices 0 and 1.
 * @param targets int32 [B] class indices, or float32 [B, K].
 * @throws ConvoyError `CONVOY_MODEL` for a loss that has no formula.
 */
export function lowerLoss(graph: GraphBuilder, spec: StepSpec, output: Value, targets: Value): LossParts {
  const loss = lossNamed(spec.loss);
  if (!loss.compiles) {
    const found = JSON.stringify(spec.loss);
    throw new ConvoyError('CONVOY_MODEL', `Expected a loss that can be compiled but found ${found}`);
  }
  const inputs = new GraphInputs(graph, spec.loss, output, targets);
  return {
    ...loss.sample(spec.loss, inputs, graphAlgebra(graph)),
    correct: correctCount(graph, spec, output, targets),
  };
}

/** Makes nodes of what a formula asks for, and of nothing else. */
class GraphInputs implements LossInputs<Value> {
  constructor(
    private readonly graph: GraphBuilder,
    private readonly loss: LossSpec,
    private readonly output: Value,
    private readonly targets: Value,
  ) {}

  get outputs(): Value {
    return cast(this.graph, this.output, 'float32');
  }

  get width(): number {
    return this.output.shape[1] as number;
  }

  get indices(): Value | undefined {
    return this.targets.type === 'int32' ? this.targets : undefined;
  }

  get rows(): Value {
    const { graph, targets, width } = this;
    if (targets.type !== 'int32') return targets;
    if (width === 1) return reshape(graph, cast(graph, targets, 'float32'), [-1, 1]);
    const [on, off] = [graph.constant(1, 'float32'), graph.constant(0, 'float32')];
    const attributes = { T: { type: 'float32' }, TI: { type: 'int32' }, axis: -1 } as const;
    const inputs = [targets, graph.constant(width, 'int32'), on, off];
    return graph.add('OneHot', inputs, attributes, { type: 'float32', shape: [-1, width] });
  }

  /** The output, or what is under the softmax or sigmoid that made it where it is probabilities. */
  get logits(): Value | undefined {
    const activation = activations[lossNamed(this.loss).outputs];
    if (activation === undefined) return undefined;
    if (!('fromLogits' in this.loss) || this.loss.fromLogits !== false) return this.outputs;
    const { node } = this.output.node.op === 'Cast' ? (this.output.node.inputs[0] as Value) : this.output;
    return node.op === activation ? cast(this.graph, node.inputs[0] as Value, 'float32') : undefined;
  }
}

/** Which op makes probabilities of a loss's logits. */
const activations: Readonly<Partial<Record<OutputMeaning, string>>> = { softmax: 'Softmax', sigmoid: 'Sigmoid' };
