import { createHash } from 'node:crypto';
import type { StepSpec } from '../contracts/index.js';
import { ConvoyError } from '../errors.js';
import { modelParameters, type ModelParameter } from '../models/parameters.js';
import { tf, type LayersModel, type Tensor } from '../tf.js';
import { GraphBuilder } from './builder.js';
import { gradients } from './gradients/reverse.js';
import type { ForwardPass } from './lower/index.js';
import { lowerLoss, type LossParts } from './loss/index.js';
import { addAll, binary, cast, compare } from './ops/elementwise.js';
import { reduce } from './ops/reduce.js';
import { batchSize, pack, reshape } from './ops/shape.js';
import { preprocess } from './preprocess.js';
import { writeSavedModel } from './saved-model.js';
import { valueName, type GraphNode, type Value } from './types.js';
import { lowerModel, randomLayers, type Forward } from './walk.js';

/** Raised whenever the compiler writes other graphs for the same model, so that cached files are not taken for new. */
export const compilerVersion = 1;

/** What to feed to a compiled function. */
export type GraphInput =
  | { readonly node: string; readonly role: 'pixels' | 'targets' | 'seed' | 'mix' | 'stats' | 'outputs' }
  | {
      readonly node: string;
      readonly role: 'parameter' | 'gradient' | 'state';
      /** Place among `modelParameters(model)`. */
      readonly index: number;
      /** Shape of the placeholder: the parameter's, with a leading 1 for gradients and states. */
      readonly shape: readonly number[];
    };

/** One entry of the graph: what to feed, in order, and what to fetch. */
export interface CompiledFunction {
  readonly inputs: readonly GraphInput[];
  readonly outputs: readonly string[];
}

/** A model as a TensorFlow graph. */
export interface CompiledModel {
  /** The bytes of a `saved_model.pb` with the tag `serve` and the signature `serving_default` (prediction). */
  readonly savedModel: Uint8Array;
  readonly train: CompiledFunction;
  readonly evaluate: CompiledFunction;
  readonly predict: CompiledFunction;
  /** SHA-256 of all that decides the graph, hexadecimal: a name for a cache. */
  readonly key: string;
  readonly nodes: number;
}

/** Options of `compileModel`. */
export interface CompileOptions {
  /** Part of the key; default '' */
  readonly tensorflowVersion?: string;
  /** Write gradients, states and stats into fed memory (default), or fetch them. */
  readonly writeInPlace?: boolean;
}

/** Numbers in a stats line: one cache line, which TensorFlow's alignment asks for too. */
export const statsLength = 16;

/** A placeholder and what it is for. */
interface Feed {
  readonly value: Value;
  readonly input: GraphInput;
}

/**
 * Compiles a model to one TensorFlow graph with three functions: `train` (loss, gradients, new moving statistics),
 * `evaluate` (outputs and loss without dropout) and `predict` (outputs).
 *
 * @throws ConvoyError `CONVOY_MODEL` naming the layer that cannot be compiled.
 */
export function compileModel(model: LayersModel, spec: StepSpec, options: CompileOptions = {}): CompiledModel {
  const graph = new GraphBuilder();
  const inPlace = options.writeInPlace ?? true;
  const parameters = modelParameters(model);
  for (const { variable, spec: { name } } of parameters) refuseNaN(name, variable.read());
  const feeds: Feed[] = [];
  const feed = (input: GraphInput, value: Value): Value => {
    feeds.push({ value, input });
    return value;
  };
  const { height, width, channels } = spec.image;
  const pixels = feed(
    { node: 'pixels', role: 'pixels' },
    graph.placeholder('pixels', 'uint8', [-1, height, width, channels]),
  );
  const targets = feed(
    { node: 'targets', role: 'targets' },
    spec.targets === 'classes'
      ? graph.placeholder('targets', 'int32', [-1])
      : graph.placeholder('targets', 'float32', [-1, spec.classes]),
  );
  const seed = feed({ node: 'seed', role: 'seed' }, graph.placeholder('seed', 'int32', [2]));
  const values = parameters.map(({ spec: { name, shape } }, index) => {
    const value = graph.placeholder(`parameters/${name}`, 'float32', shape);
    return feed({ node: value.node.name, role: 'parameter', index, shape }, value);
  });
  const stats = feed({ node: 'stats', role: 'stats' }, graph.placeholder('stats', 'float32', [1, statsLength]));
  const randomIndex = new Map(randomLayers(model).map((layer, place) => [layer, place]));
  const batch = batchSize(graph, pixels);
  const pass = (training: boolean): ForwardPass => ({
    graph,
    training,
    batch,
    computeType: spec.precision,
    parameters: new Map(parameters.map(({ variable }, index) => [variable.id, values[index] as Value])),
    state: new Map(),
    seed: () => seed,
    randomIndex,
  });
  const input = graph.scope('preprocess', () => preprocess(graph, pixels, spec.preprocess));
  const writes = (role: 'gradient' | 'state', index: number, value: Value): Value => {
    const { name, shape } = (parameters[index] as ModelParameter).spec;
    if (!inPlace) return value;
    const kind = role === 'gradient' ? 'gradient_slots' : 'state_slots';
    const slot = graph.placeholder(`${kind}/${name}`, 'float32', [1, ...shape]);
    return update(graph, feed({ node: slot.node.name, role, index, shape: slot.shape }, slot), value);
  };

  const inference = pass(false);
  const predicted = lowerModel(inference, model, input);
  const outputs = checkedOutput(graph, spec, predicted.output);
  const evaluated = graph.scope('evaluate', () => {
    const parts = lowerLoss(graph, spec, predicted.output, targets);
    const { row } = summary(graph, parts, predicted, batch);
    const written = inPlace ? update(graph, stats, row) : row;
    return [outputs, written];
  });

  const training = pass(true);
  const trained = graph.scope('train', () => {
    const forward = lowerModel(training, model, input);
    const parts = lowerLoss(graph, spec, forward.output, targets);
    const { row, objective } = summary(graph, parts, forward, batch);
    const wanted = parameters.flatMap(({ spec: { trainable } }, index) => (trainable ? [index] : []));
    const derived = gradients(graph, objective, wanted.map((index) => values[index] as Value));
    const results = [inPlace ? update(graph, stats, row) : row];
    wanted.forEach((index, place) => {
      const value = values[index] as Value;
      results.push(writes('gradient', index, derived[place] ?? graph.constant(0, 'float32', value.shape)));
    });
    parameters.forEach(({ variable, spec: { updatedByForward } }, index) => {
      if (!updatedByForward) return;
      results.push(writes('state', index, training.state.get(variable.id) ?? (values[index] as Value)));
    });
    return results;
  });

  const describe = (fetched: readonly Value[]): CompiledFunction => {
    const reached = reach(fetched);
    return {
      inputs: feeds.filter(({ value }) => reached.has(value.node)).map(({ input: entry }) => entry),
      outputs: fetched.map(valueName),
    };
  };
  const train = inPlace ? [graph.scope('train', () => all(graph, trained))] : trained;
  const kept = reach([...train, ...evaluated, outputs, ...feeds.map(({ value }) => value)]);
  const nodes = graph.nodes.filter((node) => kept.has(node));
  const version = options.tensorflowVersion ?? '';
  const savedModel = writeSavedModel(nodes, signatureOf(outputs), version);
  return {
    savedModel,
    train: describe(train),
    evaluate: describe(evaluated),
    predict: describe([outputs]),
    key: createHash('sha256').update(`${compilerVersion}\n${version}\n`).update(savedModel).digest('hex'),
    nodes: nodes.length,
  };

  function signatureOf(output: Value): Parameters<typeof writeSavedModel>[1] {
    const fed = reach([output]);
    const used = feeds.filter(({ value }) => fed.has(value.node));
    return {
      inputs: Object.fromEntries(used.map(({ value }) => [value.node.name, value])),
      outputs: { outputs: output },
    };
  }
}

/** A weight that is NaN would make everything NaN, far from where it came from. */
function refuseNaN(name: string, weight: Tensor): void {
  if (weight.isDisposed) return; // its values live elsewhere
  const [found] = tf.tidy(() => tf.any(tf.isNaN(weight)).dataSync());
  if (found) throw new ConvoyError('CONVOY_MODEL', `Expected numbers in ${name} but found NaN`, { place: name });
}

/** Writes a value into the fed memory of a slot [1, ...shape]; returns the slot's new content. */
function update(graph: GraphBuilder, slot: Value, value: Value): Value {
  const row = reshape(graph, value, slot.shape);
  const first = graph.constant([0], 'int32', [1]);
  return graph.add('InplaceUpdate', [slot, first, row], { T: { type: slot.type } }, slot, 'write');
}

/** The first of values, once all of them are there: one small tensor to fetch for many writes. */
function all(graph: GraphBuilder, values: readonly Value[]): Value {
  const attributes = { T: { types: values.map((value) => value.type) } };
  return graph.node('IdentityN', values, attributes, values, 'done').outputs[0] as Value;
}

/** The stats row and the scalar whose gradient training follows. */
function summary(
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
  const numbers = [lossSum, weightSum, correct, count, penalty ?? zero];
  return {
    row: pack(graph, [...numbers, ...new Array<Value>(statsLength - numbers.length).fill(zero)]),
    objective: penalty === undefined ? mean : binary(graph, 'AddV2', mean, penalty),
  };
}

function checkedOutput(graph: GraphBuilder, spec: StepSpec, output: Value): Value {
  // One output serves two classes by a binary loss, or any number by a regression.
  const single = spec.targets === 'classes' && output.shape[1] === 1;
  if (output.shape.length !== 2 || (output.shape[1] !== spec.classes && !single)) {
    const found = output.shape.map((size) => (size < 0 ? 'batch' : size)).join(', ');
    const text = `Expected a model whose output is [batch, ${spec.classes}] but found [${found}]`;
    throw new ConvoyError('CONVOY_MODEL', text, { place: output.node.name });
  }
  return cast(graph, output, 'float32');
}

/** All nodes that values depend on. */
function reach(values: readonly Value[]): Set<GraphNode> {
  const reached = new Set<GraphNode>();
  const open = values.map((value) => value.node);
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (reached.has(node)) continue;
    reached.add(node);
    open.push(...node.inputs.map((value) => value.node), ...node.controls);
  }
  return reached;
}

