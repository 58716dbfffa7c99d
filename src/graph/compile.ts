import { createHash } from 'node:crypto';
import { ConvoyError } from '../base/errors.js';
import { type LayersModel, type Tensor, tf } from '../base/tf.js';
import type { StepSpec } from '../contracts/index.js';
import type { ForwardPass } from '../layers/index.js';
import { outputShape, outputThreshold } from '../models/outputs.js';
import { type ModelParameter, modelParameters } from '../models/parameters.js';
import { all, batchSize, binary, cast, GraphBuilder, reverse, scale, type Value } from '../ops/index.js';
import { emulated } from './emulate.js';
import { type Exchange, factored, type Product, type ProductSpec } from './factors.js';
import { type CompiledFunction, Placeholders, reach } from './feeds.js';
import { fusedDestinations, withPooledConvolutions } from './fuse.js';
import { piecewise } from './gradient-writes.js';
import { gradients } from './gradients/reverse.js';
import { keptOutputs, lowerLoss } from './loss/index.js';
import { withMinimalFiltering } from './minimal-filtering.js';
import { lowerMix, lowerMixLosses, mirrored } from './mix.js';
import { summary } from './objective.js';
import { preprocess } from './preprocess.js';
import { writeSavedModel } from './saved-model.js';
import { randomLayers } from './traits.js';
import { lowerModel } from './walk.js';

/** Raised whenever the compiler writes other graphs for the same model, so that cached files are not taken for new. */
export const compilerVersion = 15;

/** A model as a TensorFlow graph. */
export interface CompiledModel {
  /** The bytes of a `saved_model.pb` with the tag `serve` and the signature `serving_default` (prediction). */
  readonly savedModel: Uint8Array;
  readonly train: CompiledFunction;
  readonly evaluate: CompiledFunction;
  readonly predict: CompiledFunction;
  /** What the first of two parts gives; only of a model in two. */
  readonly features?: CompiledFunction;
  /** Gradients that `train` leaves as factors. */
  readonly products: readonly ProductSpec[];
  /** SHA-256 of all that decides the graph, hexadecimal: a name for a cache. */
  readonly key: string;
  readonly nodes: number;
}

/** A model in two that share its layers: the head's input is what `features` gives. */
export interface ModelParts {
  readonly features: LayersModel;
  readonly head: LayersModel;
}

/** Options of `compileModel`. */
export interface CompileOptions {
  /** Part of the key; default '' */
  readonly tensorflowVersion?: string;
  /** Write gradients, states and stats into fed memory (default), or fetch them. */
  readonly writeInPlace?: boolean;
  /** The model cut in two: the function `features` runs the first part, all others begin with what it gave. */
  readonly parts?: ModelParts | undefined;
  /** Has `train` leave the factors of large dense gradients where that moves less memory; only with `writeInPlace`. */
  readonly exchange?: Exchange | undefined;
  /** Ops of src/native/kernels that may be used; default none. */
  readonly kernels?: readonly string[] | undefined;
}

/**
 * Compiles a model to one TensorFlow graph with three functions: `train` (loss, gradients, new moving statistics),
 * `evaluate` (outputs and loss without dropout; of images and their mirror images with `testTimeFlip`) and `predict` (outputs).
 *
 * @throws ConvoyError `CONVOY_MODEL` naming the layer that cannot be compiled.
 */
export function compileModel(model: LayersModel, spec: StepSpec, options: CompileOptions = {}): CompiledModel {
  const { tensorflowVersion: version = '', writeInPlace = true, parts, exchange, kernels } = options;
  const graph = new GraphBuilder({ kernels });
  const parameters = modelParameters(model);
  for (const {
    variable,
    spec: { name },
  } of parameters)
    refuseNaN(name, variable.read());
  const feeds = new Placeholders(graph, spec, parameters);
  const whole: Compilation = {
    graph,
    model,
    spec,
    parameters,
    feeds,
    writeInPlace,
    exchange,
    input: graph.scope('preprocess', () => preprocess(graph, feeds.pixels, spec.preprocess)),
    batch: batchSize(graph, feeds.pixels),
    randomIndex: new Map(randomLayers(model).map((layer, place) => [layer, place])),
  };
  const features =
    parts &&
    graph.scope('base', () => lowerModel(forwardPass(whole, false), parts.features, whole.input, false).output);
  const compilation = parts && features ? startingFrom(whole, features, parts.head) : whole;
  const { outputs, evaluate } = lowerEvaluation(compilation);
  const { written, products } = graph.scope('train', () => lowerTraining(compilation));
  const train = writeInPlace ? [graph.scope('train', () => all(graph, written))] : written;

  const given = features === undefined ? [] : [cast(graph, features, 'float32')];
  const multiplied = products.map(({ result }) => result);
  const results = [...train, ...evaluate, ...given, ...multiplied, ...feeds.values];
  const destinations = fusedDestinations(graph, spec.emulateBfloat16);
  const kept = reach([...results, ...[...destinations.values()].map(({ memory }) => memory)]);
  const needed = graph.nodes.filter((node) => kept.has(node));
  const lowered = withPooledConvolutions({
    nodes: needed,
    training: reach(train),
    kernels: graph.kernels,
    destinations,
  });
  const filtered = withMinimalFiltering(graph, lowered, results);
  const nodes = spec.emulateBfloat16 === true ? emulated(filtered) : filtered;
  const used = reach([outputs]);
  const inputs = feeds.values.filter((value) => used.has(value.node)).map((value) => [value.node.name, value]);
  const savedModel = writeSavedModel(nodes, { inputs: Object.fromEntries(inputs), outputs: { outputs } }, version);
  return {
    savedModel,
    train: feeds.entry(train),
    evaluate: feeds.entry(evaluate),
    predict: feeds.entry([outputs]),
    ...(features === undefined ? {} : { features: feeds.entry(given) }),
    products: products.map(({ result, spec }) => ({ ...spec, call: feeds.entry([result]) })),
    key: createHash('sha256').update(`${compilerVersion}\n${version}\n`).update(savedModel).digest('hex'),
    nodes: nodes.length,
  };
}

/** What the functions of a graph have in common. */
interface Compilation {
  readonly graph: GraphBuilder;
  readonly model: LayersModel;
  readonly spec: StepSpec;
  readonly parameters: readonly ModelParameter[];
  readonly feeds: Placeholders;
  readonly writeInPlace: boolean;
  readonly exchange: Exchange | undefined;
  /** The preprocessed images. */
  readonly input: Value;
  readonly batch: Value;
  readonly randomIndex: ForwardPass['randomIndex'];
}

/** The rest of a compilation, with features that are fed, in the type in which they were computed. */
function startingFrom(whole: Compilation, features: Value, head: LayersModel): Compilation {
  const { graph, feeds } = whole;
  const fed = feeds.features(features.shape.slice(1));
  return { ...whole, model: head, input: cast(graph, fed, features.type), batch: batchSize(graph, fed) };
}

function forwardPass(
  { graph, spec, parameters, feeds, batch, randomIndex }: Compilation,
  training: boolean,
): ForwardPass {
  return {
    graph,
    training,
    batch,
    computeType: spec.precision,
    parameters: new Map(parameters.map(({ variable }, index) => [variable.id, feeds.parameters[index] as Value])),
    state: new Map(),
    seed: () => feeds.seed,
    mask: (layer, rate, shape) => feeds.mask(layer, rate, shape),
    randomIndex,
  };
}

/** Outputs and stats without dropout and with moving statistics. */
function lowerEvaluation(compilation: Compilation): { outputs: Value; evaluate: readonly [Value, Value] } {
  const { graph, model, spec, feeds, writeInPlace, input, batch } = compilation;
  const forward = lowerModel(forwardPass(compilation, false), model, input);
  const plain = checkedOutput(graph, spec, forward.output);
  const outputs = spec.testTimeFlip === true ? graph.scope('flip', () => flipMean(compilation, plain)) : plain;
  return graph.scope('evaluate', () => {
    const { row } = summary(graph, lowerLoss(graph, spec, outputs, feeds.targets), forward, batch);
    const kept = keptOutputs(graph, spec, outputs, outputThreshold(spec));
    return { outputs, evaluate: [kept, writeInPlace ? feeds.writeStats(row) : row] };
  });
}

/** The mean of `plain` and the outputs for the mirror images. */
function flipMean(compilation: Compilation, plain: Value): Value {
  const { graph, model, spec, input } = compilation;
  const mirror = reverse(graph, input, [2]);
  const { output } = lowerModel(forwardPass(compilation, false), model, mirror);
  const mirrored = checkedOutput(graph, spec, output);
  const upright = mirrored.shape.length === 4 ? reverse(graph, mirrored, [2]) : mirrored;
  return scale(graph, binary(graph, 'AddV2', plain, upright), 0.5);
}

/** Stats, then gradients, then new moving statistics, the latter two in the order of parameters; and products of factors. */
function lowerTraining(compilation: Compilation): { written: Value[]; products: Product[] } {
  const { graph, model, spec, parameters, feeds, writeInPlace, exchange, input, batch } = compilation;
  const { mix, targets } = feeds;
  const pass = forwardPass(compilation, true);
  const mixed = mix === undefined ? input : graph.scope('mix', () => lowerMix(graph, input, mix));
  const forward = lowerModel(pass, model, mixed);
  // Behind the random layers of the model.
  const randomKey = (): Value =>
    binary(graph, 'AddV2', feeds.seed, graph.constant([0, compilation.randomIndex.size], 'int32', [2]));
  const own = lowerLoss(graph, spec, forward.output, targets, randomKey);
  const parts =
    mix === undefined
      ? own
      : lowerMixLosses(graph, own, lowerLoss(graph, spec, forward.output, mirrored(graph, targets)), mix);
  const { row, objective } = summary(graph, parts, forward, batch);
  const results = [writeInPlace ? feeds.writeStats(row) : row];
  const collect = (role: 'gradient' | 'state', index: number, value: Value): void => {
    results.push(writeInPlace ? feeds.write(role, index, parameters[index] as ModelParameter, value) : value);
  };
  const trained = [...parameters.keys()].filter((index) => parameters[index]?.spec.trainable);
  const derived = gradients(
    graph,
    objective,
    trained.map((index) => feeds.parameters[index] as Value),
  );
  const products: Product[] = [];
  for (const [place, index] of trained.entries()) {
    const { shape } = feeds.parameters[index] as Value;
    const gradient = derived[place];
    const product = writeInPlace && exchange && gradient ? piecewise(graph, gradient) : undefined;
    const name = parameters[index]?.spec.name ?? '';
    const left = product && exchange ? factored(graph, feeds, { index, name }, product, exchange) : undefined;
    if (left !== undefined) {
      results.push(...left.writes);
      products.push(left.product);
      continue;
    }
    collect('gradient', index, gradient ?? graph.constant(0, 'float32', shape));
  }
  for (const [
    index,
    {
      variable,
      spec: { updatedByForward },
    },
  ] of parameters.entries()) {
    if (updatedByForward) collect('state', index, pass.state.get(variable.id) ?? (feeds.parameters[index] as Value));
  }
  return { written: results, products };
}

/** A weight that is NaN would make everything NaN, far from where it came from. */
function refuseNaN(name: string, weight: Tensor): void {
  if (weight.isDisposed) return; // its values live elsewhere
  const [found] = tf.tidy(() => tf.any(tf.isNaN(weight)).dataSync());
  if (found) throw new ConvoyError('CONVOY_MODEL', `Expected numbers in ${name} but found NaN`, { place: name });
}

function checkedOutput(graph: GraphBuilder, spec: StepSpec, output: Value): Value {
  const expected = outputShape(spec, output.shape[1]);
  // One output serves two classes by a binary loss, or any number by a regression.
  const single = ['classes', 'masks'].includes(spec.targets) && output.shape.at(-1) === 1;
  const sizes = single ? [...expected.slice(0, -1), 1] : expected;
  if (output.shape.length !== sizes.length + 1 || sizes.some((size, axis) => size !== output.shape[axis + 1])) {
    const found = output.shape.map((size) => (size < 0 ? 'batch' : size)).join(', ');
    const text = `Expected a model whose output is [batch, ${expected.join(', ')}] but found [${found}]`;
    throw new ConvoyError('CONVOY_MODEL', text, { place: output.node.name });
  }
  return cast(graph, output, 'float32');
}
