import { ConvoyError, choiceError, valueError } from '../base/errors.js';
import type { LayersModel } from '../base/tf.js';
import type { ParameterSpec } from '../contracts/index.js';
import { layersByPath, modelParameters } from '../models/index.js';
import { flattenedBefore, fromTorch, torchShape } from './layouts.js';
import { inModuleOrder, isBookkeeping, type Layout, layoutByNames, ParameterNames } from './names.js';
import { resampledPositions } from './position-embedding.js';
import type { NamedTensor, WeightsFile } from './tensors.js';
import { insideNetwork, withoutWrappers } from './torch-names.js';
import { torchAdvice } from './torch-sources.js';

/** How a file's tensors find their places in a model. */
export interface MapOptions {
  /** Names and memory layouts of the file; `auto` (the default) tells by its names. */
  readonly layout?: 'auto' | Layout;
  /**
   * `name`: by names alone. `order`: the first tensor is the first parameter and so on; PyTorch's tensors are taken
   * in the order of their modules' numbers (`features.2` before `features.10`), a `features` module before others. Files
   * of Keras 3 that say class and place of each layer are read by these, as Keras itself reads them.
   * `auto` (the default): by names; where names fail, by class and place in files that say them. Never in order: Keras
   * writes trainable weights first, and networks of the same shapes often differ otherwise.
   */
  readonly match?: 'auto' | 'name' | 'order';
  /** The parameter (`layer/weight`) for a tensor's name; undefined leaves it to the rules. */
  readonly names?: Readonly<Record<string, string>> | ((name: string) => string | undefined);
  /** Layers that keep their `initial` values: `head`, the last layer that has weights, or layers by name. */
  readonly skip?: 'head' | readonly string[];
  /** With false, parameters that the file lacks keep their `initial` values, and surplus tensors are ignored. */
  readonly strict?: boolean;
  /** Told what of the file is left out or changed. */
  readonly onNote?: ((note: string) => void) | undefined;
  /** Values of parameters that do not come from the file; the model's own at present if not given. */
  readonly initial?: readonly Float32Array[];
}

interface Plan {
  /** Tensor for each parameter. */
  readonly tensors: readonly (NamedTensor | undefined)[];
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
  readonly misshapen: readonly string[];
  /** Tensors beside the network's own. */
  readonly others: readonly string[];
  /** Names fail, shapes fit one after the other. */
  readonly fitsInOrder?: boolean;
}

/** How many names of each kind an error lists. */
const listed = 12;

/**
 * The weights of `model` from a file, in the order of `modelParameters`, in our layouts: from PyTorch, convolution
 * kernels are turned from [out, in, height, width] to [height, width, in, out], depthwise ones likewise, dense ones
 * from [out, in] to [in, out], and features flattened channels first to channels last. Arrays may be the file's own.
 *
 * @throws ConvoyError `CONVOY_WEIGHTS` that lists missing, unexpected and misshapen names when the file is of another
 *   architecture; `CONVOY_OPTION` for a layer to skip or a name to map that the model does not have.
 */
export function mapWeights(model: LayersModel, file: WeightsFile, options: MapOptions = {}): Float32Array[] {
  const parameters = modelParameters(model);
  const specs = parameters.map(({ spec }) => spec);
  const tensors = file.tensors.filter((tensor) => !isBookkeeping(tensor));
  const layout = options.layout === undefined || options.layout === 'auto' ? layoutByNames(tensors) : options.layout;
  const skipped = skippedLayers(specs, options.skip);
  const plan = choosePlan(model, specs, tensors, layout, skipped, file, options);
  const lenient = options.strict === false;
  const surplus = lenient ? [] : surplusOf(plan, layout, specs, skipped);
  if (plan.misshapen.length > 0 || (!lenient && plan.missing.length > 0) || surplus.length > 0) {
    const advice = layout === 'pytorch' && plan.missing.length > 0 ? torchAdvice(model) : undefined;
    throw mismatch(file, { ...plan, unexpected: surplus }, advice);
  }
  for (const note of file.notes ?? []) options.onNote?.(note);
  const ignored = layout === 'pytorch' && skipped.size === 0 ? [...plan.others, ...plan.unexpected] : [];
  if (ignored.length > 0)
    options.onNote?.(`${file.file}: left out, as this network has no place for them: ${someOf(ignored)}`);
  const layers = layersByPath(model);
  return parameters.map(({ spec, variable }, index) => {
    const tensor = plan.tensors[index];
    if (tensor === undefined) return options.initial?.[index] ?? Float32Array.from(variable.read().dataSync());
    if (layout === 'keras') return tensor.data;
    const layer = layers.get(spec.layer);
    return fromTorch(spec.name, spec.shape, tensor.data, layer === undefined ? undefined : flattenedBefore(layer));
  });
}

/**
 * Tensors without a place that tell of another network. With a head left out, what else a file says of one is no matter; and
 * files of PyTorch often hold more than the network, which then stands in modules of its own.
 */
function surplusOf(
  { unexpected, missing, others }: Plan,
  layout: Layout,
  specs: readonly ParameterSpec[],
  skipped: ReadonlySet<string>,
): readonly string[] {
  if (layout === 'keras') return skipped.size > 0 ? [] : unexpected;
  if (missing.length > 0 && skipped.size === 0) return [...unexpected, ...others];
  return unexpected.filter((name) => insideNetwork(name, specs, skipped));
}

function skippedLayers(specs: readonly ParameterSpec[], skip: MapOptions['skip']): ReadonlySet<string> {
  if (skip === undefined) return new Set();
  const last = specs.at(-1)?.layer;
  if (skip === 'head') return new Set(last === undefined ? [] : [last]);
  const layers = new Set(specs.map(({ layer }) => layer));
  for (const name of skip) {
    if (!layers.has(name)) throw choiceError('skip', name, { known: [...layers], what: 'layer with weights' });
  }
  return new Set(skip);
}

function choosePlan(
  model: LayersModel,
  specs: readonly ParameterSpec[],
  all: readonly NamedTensor[],
  layout: Layout,
  skipped: ReadonlySet<string>,
  file: WeightsFile,
  options: MapOptions,
): Plan {
  const match = options.match ?? 'auto';
  const names = new ParameterNames(model, specs);
  const find = (name: string): number | undefined => names.findTorch(name);
  const { own, others } =
    layout === 'pytorch' && match !== 'order' && options.names === undefined
      ? withoutWrappers(file.file, all, specs.length, find)
      : { own: all, others: [] };
  const tensors = layout === 'pytorch' ? own.map((tensor) => fitted(model, specs, tensor, find, options.onNote)) : own;
  const siblings = new Map<string | undefined, number>();
  for (const { layer } of tensors) siblings.set(layer, (siblings.get(layer) ?? 0) + 1);
  const place = (find: (tensor: NamedTensor, siblings: number) => number | undefined): (number | undefined)[] =>
    tensors.map((tensor) => find(tensor, siblings.get(tensor.layer) ?? 0));
  const plan = (places: readonly (number | undefined)[]): Plan =>
    planOf(specs, tensors, places, layout, skipped, others);
  // A Keras 3 weights file is in the order of the alphabet; its keys say the order of the layers.
  const keyed = tensors.some(({ key }) => key !== undefined);
  const byOrder = (): Plan => {
    if (keyed) return plan(place((tensor, count) => names.findKeyed(tensor, count)));
    const open = specs.flatMap(({ layer }, index) => (skipped.has(layer) ? [] : [index]));
    const ordered = layout === 'pytorch' ? inModuleOrder(tensors) : tensors;
    return planOf(
      specs,
      ordered,
      ordered.map((_, at) => open[at]),
      layout,
      skipped,
      others,
    );
  };
  if (match === 'order') return byOrder();
  const places = place(
    (tensor, count) => namedByOption(specs, tensor.name, options.names) ?? names.find(tensor, layout, count),
  );
  const byName = plan(places);
  const isWhole = ({ missing, unexpected, misshapen }: Plan): boolean =>
    missing.length + misshapen.length === 0 && (skipped.size > 0 || unexpected.length === 0);
  if (match === 'name' || isWhole(byName)) return byName;
  if (!keyed && layout === 'pytorch') return byName;
  const ordered = byOrder();
  if (!isWhole(ordered)) return byName;
  return keyed ? ordered : { ...byName, fitsInOrder: true };
}

function namedByOption(specs: readonly ParameterSpec[], name: string, names: MapOptions['names']): number | undefined {
  const wanted =
    typeof names === 'function'
      ? names(name)
      : names !== undefined && Object.hasOwn(names, name)
        ? names[name]
        : undefined;
  if (wanted === undefined) return undefined;
  const index = specs.findIndex((spec) => spec.name === wanted);
  if (index < 0) throw valueError(`names[${JSON.stringify(name)}]`, "a parameter of the model, 'layer/weight'", wanted);
  return index;
}

function planOf(
  specs: readonly ParameterSpec[],
  tensors: readonly NamedTensor[],
  places: readonly (number | undefined)[],
  layout: Layout,
  skipped: ReadonlySet<string>,
  others: readonly string[],
): Plan {
  const chosen = new Array<NamedTensor | undefined>(specs.length).fill(undefined);
  const unexpected: string[] = [];
  const misshapen: string[] = [];
  tensors.forEach((tensor, at) => {
    const index = places[at];
    const spec = index === undefined ? undefined : specs[index];
    if (index === undefined || spec === undefined || chosen[index] !== undefined) unexpected.push(tensor.name);
    else if (!skipped.has(spec.layer)) {
      chosen[index] = tensor;
      const shape = layout === 'pytorch' ? torchShape(spec.name, spec.shape) : spec.shape;
      if (!sameShape(shape, tensor.shape)) {
        misshapen.push(`${tensor.name} (expected ${JSON.stringify(shape)}, found ${JSON.stringify(tensor.shape)})`);
      }
    }
  });
  const missing = specs
    .filter((spec, index) => chosen[index] === undefined && !skipped.has(spec.layer))
    .map(({ name }) => name);
  return { tensors: chosen, missing, unexpected, misshapen, others };
}

/**
 * Position embeddings of another image size, resampled; kernels of convolutions over whole features, as timm's VGG has them, as
 * those of dense layers; any other tensor as it is.
 */
function fitted(
  model: LayersModel,
  specs: readonly ParameterSpec[],
  tensor: NamedTensor,
  find: (name: string) => number | undefined,
  onNote: MapOptions['onNote'],
): NamedTensor {
  const spec = specs[find(tensor.name) ?? -1];
  if (spec === undefined) return tensor;
  if (spec.name.endsWith('/kernel') && spec.shape.length === 2 && tensor.shape.length === 4) {
    const [outputs = 0, ...inputs] = tensor.shape;
    return { ...tensor, shape: [outputs, inputs.reduce((product, size) => product * size, 1)] };
  }
  if (!spec.name.endsWith('/embedding') || sameShape(spec.shape, tensor.shape)) return tensor;
  const resampled = resampledPositions(model, tensor, spec.shape);
  if (resampled === undefined) return tensor;
  onNote?.(`${tensor.name}: ${tensor.shape[1]} positions resampled to ${spec.shape[1]}, for images of another size`);
  return resampled;
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

function listOf(kind: string, names: readonly string[]): string {
  return `${names.length} ${kind}: ${someOf(names)}`;
}

function someOf(names: readonly string[]): string {
  return `${names.slice(0, listed).join(', ')}${names.length > listed ? ', ...' : ''}`;
}

function mismatch(
  { file }: WeightsFile,
  { missing, unexpected, misshapen, fitsInOrder }: Plan,
  torchAdvice?: string,
): ConvoyError {
  const list = (kind: string, names: readonly string[]): string[] => (names.length === 0 ? [] : [listOf(kind, names)]);
  const found = [...list('missing', missing), ...list('unexpected', unexpected), ...list('misshapen', misshapen)].join(
    '; ',
  );
  const advice =
    fitsInOrder === true
      ? `. The names are of another model; the shapes fit in order, which alone proves nothing. If the order is right, say so: match: 'order', or give names`
      : torchAdvice === undefined
        ? ''
        : `. ${torchAdvice}`;
  const message = `${file}: expected the weights of this architecture but found ${found}${advice}`;
  return new ConvoyError('CONVOY_WEIGHTS', message, {
    file,
    missing: missing.slice(0, listed),
    unexpected: unexpected.slice(0, listed),
    misshapen: misshapen.slice(0, listed),
    counts: { missing: missing.length, unexpected: unexpected.length, misshapen: misshapen.length },
  });
}
