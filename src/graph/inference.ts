import type { LayersModel } from '../base/tf.js';
import type { ImageShape, LossSpec, Preprocess } from '../contracts/index.js';
import { lossNamed } from '../losses/spec/index.js';
import { outputKind } from '../models/outputs.js';
import { modelParameters } from '../models/parameters.js';
import {
  batchSize,
  binary,
  concatenate,
  GraphBuilder,
  type GraphNode,
  negate,
  reverse,
  scale,
  shift,
  slice,
  unary,
  type Value,
} from '../ops/index.js';
import { reach } from './feeds.js';
import { preprocess } from './preprocess.js';
import { lowerModel } from './walk.js';

/** Options of `inferenceGraph`. */
export interface InferenceOptions {
  readonly image: ImageShape;
  /**
   * From pixels to probabilities: the input is uint8 [n, height, width, channels], the output [n, classes]. Without it the
   * input is float32, preprocessed, and the output what the network gives.
   */
  readonly whole?:
    | {
        readonly preprocess: Preprocess;
        /** The loss of the training says what the outputs are. */
        readonly loss: LossSpec;
        readonly classes: number;
        /** Take the mean of the outputs for an image and its mirror image. */
        readonly testTimeFlip: boolean;
      }
    | undefined;
}

/** A trained network as a graph without training. */
export interface InferenceGraph {
  /** Each after its inputs. */
  readonly nodes: readonly GraphNode[];
  /** The values of placeholders that stand for weights. */
  readonly weights: ReadonlyMap<GraphNode, Float32Array>;
  readonly input: Value;
  readonly output: Value;
}

/**
 * Compiles a network for prediction, in float32 and with TensorFlow's own ops alone. The batch axis is free.
 *
 * @param values of the weights, in the order of `modelParameters`.
 * @throws ConvoyError `CONVOY_MODEL` naming the layer that cannot be compiled.
 */
export function inferenceGraph(
  model: LayersModel,
  values: readonly Float32Array[],
  { image: { height, width, channels }, whole }: InferenceOptions,
): InferenceGraph {
  const graph = new GraphBuilder();
  const input = graph.placeholder('images', whole ? 'uint8' : 'float32', [-1, height, width, channels]);
  const x = whole ? graph.scope('preprocess', () => preprocess(graph, input, whole.preprocess)) : input;
  const weights = new Map<GraphNode, Float32Array>();
  const parameters = new Map(
    modelParameters(model).map(({ spec, variable }, index) => {
      const value = graph.placeholder(`parameters/${spec.name}`, 'float32', spec.shape);
      weights.set(value.node, values[index] as Float32Array);
      return [variable.id, value];
    }),
  );
  const pass = {
    graph,
    training: false,
    batch: batchSize(graph, x),
    computeType: 'float32' as const,
    parameters,
    state: new Map(),
    seed: unneeded,
    mask: unneeded,
    randomIndex: new Map(),
  };
  const outputs = (pixels: Value): Value => lowerModel(pass, model, pixels).output;
  const plain = outputs(x);
  const output = whole
    ? probabilities(graph, whole.testTimeFlip ? mean(graph, plain, outputs(reverse(graph, x, [2]))) : plain, whole)
    : plain;
  const kept = reach([output, input]);
  const nodes = graph.nodes.filter((node) => kept.has(node));
  return { nodes, weights, input, output };
}

function unneeded(): never {
  throw new TypeError('prediction draws no random numbers');
}

function mean(graph: GraphBuilder, a: Value, b: Value): Value {
  return scale(graph, binary(graph, 'AddV2', a, b), 0.5);
}

/** [n, classes] as `classScores` and `probabilities` of src/models compute them. */
function probabilities(
  graph: GraphBuilder,
  x: Value,
  { loss, classes }: NonNullable<InferenceOptions['whole']>,
): Value {
  if (lossNamed(loss).boxes) return detections(graph, x, lossNamed(loss).outputs === 'softmax');
  const width = x.shape[1] as number;
  const kind = outputKind(loss, width);
  if (kind === 'softmax logits') return unary(graph, 'Softmax', x);
  const shares = kind === 'sigmoid logits' ? unary(graph, 'Sigmoid', x) : x;
  if (width > 1 || classes !== 2) return shares;
  const second = kind === 'sigmoid logits' ? shares : clipped(graph, shares);
  return concatenate(graph, [shift(graph, negate(graph, second), 1), second], 1);
}

/**
 * Boxes as they are, and a probability for each class, [n, points, 4 + classes].
 *
 * @param background whether logits are of one softmax over the classes and a background with logit 0.
 */
function detections(graph: GraphBuilder, x: Value, background: boolean): Value {
  const [, points = 0, length = 4] = x.shape;
  const boxes = slice(graph, x, [0, 0, 0], [-1, points, 4]);
  const logits = slice(graph, x, [0, 0, 4], [-1, points, length - 4]);
  if (!background) return concatenate(graph, [boxes, unary(graph, 'Sigmoid', logits)], 2);
  const none = scale(graph, slice(graph, logits, [0, 0, 0], [-1, points, 1]), 0);
  const shares = unary(graph, 'Softmax', concatenate(graph, [none, logits], 2));
  return concatenate(graph, [boxes, slice(graph, shares, [0, 0, 1], [-1, points, length - 4])], 2);
}

function clipped(graph: GraphBuilder, x: Value): Value {
  const low = binary(graph, 'Maximum', x, graph.constant(0, x.type));
  return binary(graph, 'Minimum', low, graph.constant(1, x.type));
}
