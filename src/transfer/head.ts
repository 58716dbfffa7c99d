import { ConvoyError, valueError } from '../base/errors.js';
import { type LayersModel, type SymbolicTensor, tf } from '../base/tf.js';

type Layer = LayersModel['layers'][number];

/** One layer of a new head: a dense layer with ReLU, or dropout. */
type HeadLayer = { readonly units: number } | { readonly dropout: number };

/** What a classifier behind a network's features is made of. */
const classifierClasses: ReadonlySet<string> = new Set([
  'Dense',
  'Dropout',
  'Activation',
  'Softmax',
  'ReLU',
  'LeakyReLU',
  'ELU',
  'Reshape',
]);

/** Name of a new head's last layer, and what the names of its others start with. */
const headName = 'head';
const isOfNewHead = /^head(_|$)/;

/**
 * Reads `256,dropout:0.5`: hidden dense layers by their units, and dropout by its rate, in order.
 *
 * @throws ConvoyError `CONVOY_OPTION`.
 */
export function parseHead(text: string): HeadLayer[] {
  if (text.trim() === '') return [];
  return text.split(',').map((part) => {
    const item = part.trim();
    const rate = /^dropout:(\d*\.?\d+)$/.exec(item)?.[1];
    if (rate !== undefined && Number(rate) < 1) return { dropout: Number(rate) };
    if (/^[1-9]\d{0,5}$/.test(item)) return { units: Number(item) };
    throw valueError('--head', "units and 'dropout:RATE' with RATE below 1, such as 256,dropout:0.5", text);
  });
}

/**
 * A model with `model`'s layers up to its features and a new head of `classes` logits, the last layer called `head`. The
 * layers before are `model`'s own, weights included; the values of the new ones are unspecified (see `initialWeights`).
 *
 * With `head` undefined the last layer that has weights is replaced, as PyTorch's `model.fc = ...` does, if it is a classifier;
 * of a network without one, as of Keras's `include_top=False`, all is kept. With a `head` the whole
 * classifier is: every dense layer, activation and dropout behind the last pooling, flattening or other layer, as with
 * Keras's `include_top=False`; unless nothing with weights would be left (a perceptron). Features that are images or
 * sequences are averaged.
 *
 * @throws ConvoyError `CONVOY_OPTION` for a wrong head or number of classes; `CONVOY_MODEL` for a model without one output
 *   or without a layer to replace.
 */
export function replaceHead(model: LayersModel, head: string | undefined, classes: number): LayersModel {
  if (!Number.isInteger(classes) || classes < 1) throw valueError('classes', 'an integer of at least 1', classes);
  const hidden = head === undefined ? [] : parseHead(head);
  const features = (head === undefined ? undefined : classifierInput(model)) ?? lastLayerInput(model);
  const taken = new Set(layersBefore(features).map(({ name }) => name));
  let x = asVector(features, taken);
  hidden.forEach((layer, index) => {
    const number = index + 1;
    x =
      'units' in layer
        ? apply(
            tf.layers.dense({
              units: layer.units,
              activation: 'relu',
              kernelInitializer: 'heNormal',
              name: free(taken, `${headName}_dense_${number}`),
            }),
            x,
          )
        : apply(tf.layers.dropout({ rate: layer.dropout, name: free(taken, `${headName}_dropout_${number}`) }), x);
  });
  const logits = apply(tf.layers.dense({ units: classes, name: free(taken, headName) }), x);
  return tf.model({ name: model.name, inputs: model.inputs, outputs: logits });
}

/**
 * Names of a model's head, in order: the layers that `replaceHead` made; of another model the last layer with weights and
 * what follows it.
 */
export function headLayers(model: LayersModel): string[] {
  const names: string[] = [];
  let tensor = onlyOutput(model);
  while (!isInput(tensor) && isOfNewHead.test(tensor.sourceLayer.name)) {
    names.unshift(tensor.sourceLayer.name);
    tensor = onlyInput(tensor) ?? tensor;
  }
  if (names.length > 0) return names;
  const before = new Set(layersBefore(lastLayerInput(model)).map(({ name }) => name));
  return model.layers.filter(({ name }) => !before.has(name)).map(({ name }) => name);
}

function onlyOutput(model: LayersModel): SymbolicTensor {
  const [output] = model.outputs;
  if (output !== undefined && model.outputs.length === 1) return output;
  throw new ConvoyError(
    'CONVOY_MODEL',
    `Expected a model with one output but ${model.name} has ${model.outputs.length}`,
  );
}

function isInput(tensor: SymbolicTensor): boolean {
  return tensor.sourceLayer.getClassName() === 'InputLayer';
}

function inputsOf(tensor: SymbolicTensor): SymbolicTensor[] {
  return tensor.sourceLayer.inboundNodes[tensor.nodeIndex ?? 0]?.inputTensors ?? [];
}

function onlyInput(tensor: SymbolicTensor): SymbolicTensor | undefined {
  const [input, ...more] = inputsOf(tensor);
  return more.length === 0 ? input : undefined;
}

/** Whether a layer with weights gives scores of classes: a dense layer, or a convolution of single pixels. */
function isScoring(layer: Layer): boolean {
  const kind = layer.getClassName();
  const size: unknown = layer.getConfig()['kernelSize'];
  return kind === 'Dense' || (kind === 'Conv2D' && Array.isArray(size) && size.every((side) => side === 1));
}

/** What the head takes: the input of the last layer with weights, or, of a network without a classifier, its output. */
function lastLayerInput(model: LayersModel): SymbolicTensor {
  let tensor: SymbolicTensor | undefined = onlyOutput(model);
  const output = tensor;
  while (tensor !== undefined && !isInput(tensor)) {
    const before = onlyInput(tensor);
    if (tensor.sourceLayer.weights.length > 0) {
      if (output.shape.length !== 2 || !isScoring(tensor.sourceLayer)) return output;
      if (before !== undefined) return before;
    }
    if (before === undefined && !isInput(tensor)) return output; // branches that are joined last
    tensor = before;
  }
  throw new ConvoyError(
    'CONVOY_MODEL',
    `Expected a last layer with weights in ${model.name} but there is none to replace`,
  );
}

/** What the classifier takes; undefined if no layer before it has weights. */
function classifierInput(model: LayersModel): SymbolicTensor | undefined {
  let tensor = onlyOutput(model);
  while (!isInput(tensor) && isClassifier(tensor)) {
    const before = onlyInput(tensor);
    if (before === undefined) break;
    tensor = before;
  }
  return layersBefore(tensor).some(({ weights }) => weights.length > 0) ? tensor : undefined;
}

/** MobileNet classifies by a convolution over one pixel. */
function isClassifier(tensor: SymbolicTensor): boolean {
  const { shape, sourceLayer } = tensor;
  const onePixel = shape.length === 4 && shape[1] === 1 && shape[2] === 1;
  const pointwise =
    onePixel &&
    onlyInput(tensor)
      ?.shape.slice(1, 3)
      .every((size) => size === 1) === true;
  return classifierClasses.has(sourceLayer.getClassName()) || (sourceLayer.getClassName() === 'Conv2D' && pointwise);
}

/** The layers that a tensor comes from, its own included. */
function layersBefore(tensor: SymbolicTensor): Layer[] {
  const found = new Set<Layer>();
  const open = [tensor];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (found.has(next.sourceLayer)) continue;
    found.add(next.sourceLayer);
    open.push(...inputsOf(next));
  }
  return [...found];
}

/** Features [batch, height, width, channels] or [batch, length, channels] averaged to [batch, channels]. */
function asVector(features: SymbolicTensor, taken: Set<string>): SymbolicTensor {
  const name = (): string => free(taken, `${headName}_pool`);
  if (features.shape.length === 4) return apply(tf.layers.globalAveragePooling2d({ name: name() }), features);
  if (features.shape.length === 3) return apply(tf.layers.globalAveragePooling1d({ name: name() }), features);
  return features;
}

function apply(layer: Layer, x: SymbolicTensor): SymbolicTensor {
  // Initial values are `initialWeights`' business.
  layer.setFastWeightInitDuringBuild(true);
  const output = layer.apply(x);
  if (output instanceof tf.SymbolicTensor) return output;
  throw new TypeError(`layer ${layer.name} has more than one output`);
}

/** `name`, or with a number where the base has a layer of that name; taken from now on. */
function free(taken: Set<string>, name: string): string {
  let result = name;
  for (let number = 2; taken.has(result); number++) result = `${name}_${number}`;
  taken.add(result);
  return result;
}
