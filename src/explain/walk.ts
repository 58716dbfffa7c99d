import { layerTensor } from '../analysis/index.js';
import { choiceError, valueError } from '../base/errors.js';
import { type LayersModel, type SymbolicTensor, type Tensor, tf } from '../base/tf.js';

/** Values of symbolic tensors: a model's input, or the output of an inner layer. */
export type Known = ReadonlyMap<SymbolicTensor, Tensor>;

/**
 * The value of a tensor of a model in inference mode, from known values of its input or of tensors between. Every op runs on
 * tfjs's tape, so that `tf.grad` gives the gradient with respect to any known value.
 *
 * @returns a tensor that the caller's `tf.tidy` disposes.
 */
export function computed(wanted: SymbolicTensor, known: Known): Tensor {
  const values = new Map<SymbolicTensor, Tensor>(known);
  const open = [wanted];
  for (let tensor = open.at(-1); tensor !== undefined; tensor = open.at(-1)) {
    if (values.has(tensor)) {
      open.pop();
      continue;
    }
    const node = nodeOf(tensor);
    const inputs = node?.inputTensors ?? [];
    // An input layer's node has its own output as its input.
    if (node === undefined || inputs.length === 0 || inputs.includes(tensor))
      throw new TypeError(`the value of ${tensor.name} is not known`);
    const missing = inputs.filter((input) => !values.has(input));
    if (missing.length > 0) {
      open.push(...missing);
      continue;
    }
    const given = inputs.map((input) => values.get(input) as Tensor);
    const output = tensor.sourceLayer.call(given.length === 1 ? (given[0] as Tensor) : given, { training: false });
    const all = Array.isArray(output) ? output : [output];
    for (const [index, own] of node.outputTensors.entries()) values.set(own, all[index] as Tensor);
  }
  return values.get(wanted) as Tensor;
}

function nodeOf(tensor: SymbolicTensor): LayersModel['layers'][number]['inboundNodes'][number] | undefined {
  return tensor.sourceLayer.inboundNodes[tensor.nodeIndex ?? 0];
}

/** The model's only input and only output. */
export function ends(model: LayersModel): { readonly input: SymbolicTensor; readonly output: SymbolicTensor } {
  const [input] = model.inputs;
  const [output] = model.outputs;
  if (input === undefined || output === undefined || model.inputs.length + model.outputs.length > 2)
    throw valueError('model', 'a model with one input and one output', model.name);
  return { input, output };
}

/**
 * The output of a layer.
 *
 * @throws ConvoyError `CONVOY_OPTION` where the model has no such layer, or it gives no maps and `maps` asks for them.
 */
export function outputOfLayer(model: LayersModel, name: string, { maps = false } = {}): SymbolicTensor {
  const layer = model.layers.find((candidate) => candidate.name === name);
  const known = model.layers.filter(({ outputShape }) => !maps || outputShape.length === 4).map((each) => each.name);
  if (layer === undefined) throw choiceError('layer', name, { known, what: 'layer' });
  const tensor = layerTensor(model, layer);
  if (tensor === undefined || (maps && tensor.shape.length !== 4))
    throw valueError('layer', 'a layer that gives maps of [height, width, channels]', name);
  return tensor;
}

/** The last layer that gives maps: what Grad-CAM looks at unless told otherwise. */
export function lastMaps(model: LayersModel): string {
  const last = model.layers.findLast(
    (layer) => layer.weights.some(({ shape }) => shape.length === 4) && layer.outputShape.length === 4,
  );
  if (last === undefined) throw valueError('layer', 'a convolution, which this model does not have;', undefined);
  return last.name;
}

/**
 * Scores of the classes [n, classes] before the softmax, where the model ends in one: a class's score should rise by what
 * speaks for the class, and not by what speaks against the others (Simonyan et al. 2014).
 */
export function scoresOf(model: LayersModel, known: Known): Tensor {
  const { output } = ends(model);
  const layer = output.sourceLayer;
  const kind = layer.getClassName();
  const softmax = layer.getConfig()['activation'] === 'softmax';
  const before = nodeOf(output)?.inputTensors[0];
  if (before !== undefined && (kind === 'Softmax' || (kind === 'Activation' && softmax)))
    return computed(before, known);
  if (before !== undefined && kind === 'Dense' && softmax) {
    const [kernel, bias] = layer.getWeights();
    const product = tf.matMul(computed(before, known), kernel as Tensor);
    return bias === undefined ? product : tf.add(product, bias);
  }
  const given = computed(output, known);
  const scores = tf.reshape(given, [given.shape[0] ?? 0, -1]);
  // What speaks for the second of two classes speaks against the first.
  return scores.shape[1] === 1 ? tf.concat([tf.neg(scores), scores], 1) : scores;
}

/**
 * The classes asked for, or the most likely one of each image.
 *
 * @throws ConvoyError `CONVOY_OPTION` for a class that the model does not have.
 */
export function classesOf(scores: Tensor, wanted: number | readonly number[] | undefined): Int32Array {
  const [count = 0, classes = 0] = scores.shape;
  if (wanted === undefined) return Int32Array.from(tf.tidy(() => scores.argMax(1).dataSync()));
  const list = typeof wanted === 'number' ? new Array<number>(count).fill(wanted) : wanted;
  if (list.length !== count) throw valueError('classes', `a class for each of ${count} images`, wanted);
  for (const label of list) {
    if (!Number.isInteger(label) || label < 0 || label >= classes)
      throw valueError('classes', `integers from 0 to ${classes - 1}`, label);
  }
  return Int32Array.from(list);
}

/**
 * The gradient of each image's own class score.
 *
 * @param known values of the input, from which paths that pass `at` by are computed, and of `at`.
 * @param at the tensor to differentiate by.
 */
export function classGradient(
  model: LayersModel,
  known: Known,
  at: SymbolicTensor,
  wanted: number | readonly number[] | undefined,
): { readonly gradient: Tensor; readonly classes: Int32Array } {
  let classes = new Int32Array();
  const score = (fed: Tensor): Tensor => {
    const scores = scoresOf(model, new Map([...known, [at, fed]]));
    classes = Int32Array.from(classesOf(scores, wanted));
    return tf.sum(tf.mul(scores, tf.oneHot(tf.tensor1d(classes, 'int32'), scores.shape[1] ?? 2)));
  };
  return { gradient: tf.grad(score)(known.get(at) as Tensor), classes };
}
