import { ConvoyError } from '../../base/errors.js';
import type { StepSpec } from '../../contracts/index.js';
import {
  type BoxInputs,
  type LossInputs,
  type LossSpec,
  lossNamed,
  type OutputMeaning,
} from '../../losses/spec/index.js';
import { binary, cast, type GraphBuilder, integers, reshape, shapeWith, type Value } from '../../ops/index.js';
import { graphAlgebra } from './algebra.js';
import { correctCount } from './correct.js';
import { type Rows, rowsOf } from './rows.js';

export { keptOutputs } from './rows.js';

/** Losses and counts of a batch, a row for each sample, or for each pixel of masks. */
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
 * @param output the model's output [B, K], or [B, 1] for class indices 0 and 1; with masks [B, H, W, K],
 *   of detectors [B, points, 4 + K].
 * @param targets int32 [B] class indices, float32 [B, K], uint8 [B, H, W],
 *   boxes float32 [B, rows, 6], or the pixels.
 * @param randomKey int32 [2], of the random numbers of a training step.
 * @throws ConvoyError `CONVOY_MODEL` for a loss that has no formula.
 */
export function lowerLoss(
  graph: GraphBuilder,
  spec: StepSpec,
  output: Value,
  targets: Value,
  randomKey?: () => Value,
): LossParts {
  const loss = lossNamed(spec.loss);
  if (!loss.compiles) {
    const found = JSON.stringify(spec.loss);
    throw new ConvoyError('CONVOY_MODEL', `Expected a loss that can be compiled but found ${found}`);
  }
  const rows = rowsOf(graph, spec, output, targets);
  const { pixels } = rows;
  const inputs = new GraphInputs(graph, spec.loss, rows, output, spec.image, randomKey);
  const { losses, weights } = loss.sample(spec.loss, inputs, graphAlgebra(graph));
  const correct = correctCount(graph, spec, rows);
  if (pixels === undefined || loss.perImage) return { losses, weights, correct };
  return { losses, weights: weights ? binary(graph, 'Mul', weights, pixels.valid) : pixels.valid, correct };
}

/** Makes nodes of what a formula asks for, and of nothing else. */
class GraphInputs implements LossInputs<Value> {
  constructor(
    private readonly graph: GraphBuilder,
    private readonly loss: LossSpec,
    private readonly all: Rows,
    private readonly given: Value,
    private readonly image: StepSpec['image'],
    private readonly randomKey: (() => Value) | undefined,
  ) {}

  private get output(): Value {
    return this.all.outputs;
  }

  private get targets(): Value {
    return this.all.targets;
  }

  get pixels(): Rows['pixels'] {
    return this.all.pixels;
  }

  get boxes(): BoxInputs<Value> | undefined {
    const { given, targets, image } = this;
    const [, points = 0, length = 4] = given.shape;
    if (given.shape.length !== 3) return undefined;
    const outputs = cast(this.graph, given, 'float32');
    const rows = targets.shape[1] as number;
    return { outputs, targets, points, classes: length - 4, rows, image, uniform: () => this.#uniform(points) };
  }

  /** In training numbers for each image, else for all the same. */
  #uniform(points: number): Value {
    const { graph, given, randomKey } = this;
    const key = randomKey?.() ?? integers(graph, [0, 0]);
    const shape = randomKey ? shapeWith(graph, given, [1, points]) : integers(graph, [1, 1, points]);
    const attributes = { dtype: { type: 'float32' }, T: { type: 'int32' }, Tseed: { type: 'int32' } } as const;
    const output = { type: 'float32', shape: [randomKey ? -1 : 1, 1, points] } as const;
    return graph.add('StatelessRandomUniform', [shape, key], attributes, output);
  }

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
    const { node } = this.given.node.op === 'Cast' ? (this.given.node.inputs[0] as Value) : this.given;
    if (node.op !== activation) return undefined;
    const logits = cast(this.graph, node.inputs[0] as Value, 'float32');
    return logits.shape.length === this.output.shape.length
      ? logits
      : reshape(this.graph, logits, [-1, this.output.shape[1] as number]);
  }
}

/** Which op makes probabilities of a loss's logits. */
const activations: Readonly<Partial<Record<OutputMeaning, string>>> = { softmax: 'Softmax', sigmoid: 'Sigmoid' };
