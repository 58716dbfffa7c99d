import { ConvoyError } from '../base/errors.js';
import type { LayersModel } from '../base/tf.js';
import {
  activityPenalties,
  type ForwardPass,
  isInferred,
  isModel,
  type Layer,
  LayerScope,
  LayerSettings,
  layerDefinition,
  weightPenalties,
} from '../layers/index.js';
import type { Value } from '../ops/index.js';

type SymbolicTensor = LayersModel['inputs'][number];

/** What a forward pass gave. */
export interface Forward {
  readonly output: Value;
  /** Penalties on weights, each a scalar. */
  readonly weightPenalties: readonly Value[];
  /** Penalties on activities, each a scalar summed over the batch. */
  readonly activityPenalties: readonly Value[];
}

/**
 * Adds a model's forward pass to the graph, layer after layer from the output back to the input.
 *
 * @param ends whether the model's output is that of training, whose layer computes in float32; false for a first part.
 * @throws ConvoyError `CONVOY_MODEL` naming the layer that has no lowering, is part of a cycle or gets a shape that
 * does not fit.
 */
export function lowerModel(pass: ForwardPass, model: LayersModel, input: Value, ends = true): Forward {
  const [output] = model.outputs;
  if (model.inputs.length !== 1 || model.outputs.length !== 1 || output === undefined) {
    const found = `${model.inputs.length} and ${model.outputs.length}`;
    throw new ConvoyError('CONVOY_MODEL', `Expected a model with one input and one output but found ${found}`);
  }
  const walk = new Walk(pass, ends ? output : undefined);
  const around = { frozen: model.trainable === false, inference: false };
  return { ...walk, output: walk.model(model, [input], around)[0] as Value };
}

/** What the models around a layer say of it. */
interface Around {
  readonly frozen: boolean;
  readonly inference: boolean;
}

class Walk {
  readonly weightPenalties: Value[] = [];
  readonly activityPenalties: Value[] = [];
  readonly #pass: ForwardPass;
  readonly #last: SymbolicTensor | undefined;
  readonly #penalized = new Set<Layer>();

  constructor(pass: ForwardPass, last: SymbolicTensor | undefined) {
    this.#pass = pass;
    this.#last = last;
  }

  /** Outputs of a model, or of an inner model at one of its places, from values for its inputs. */
  model(model: LayersModel, inputs: readonly Value[], around: Around): Value[] {
    const known = new Map<number, Value>();
    model.inputs.forEach((tensor, place) => known.set(tensor.id, inputs[place] as Value));
    const open = new Set<number>();
    // A list of what is still to do instead of calls in calls: a network may have thousands of layers behind each other.
    const valueAt = (wanted: SymbolicTensor): Value => {
      const pending = [wanted];
      for (let tensor = pending.at(-1); tensor !== undefined; tensor = pending.at(-1)) {
        if (known.has(tensor.id)) {
          pending.pop();
          continue;
        }
        const layer = tensor.sourceLayer;
        const node = layer.inboundNodes[tensor.nodeIndex];
        if (node === undefined || node.inputTensors.length === 0) {
          throw layerError(layer, 'an input of the model or a layer with inputs', 'a layer that is not connected');
        }
        open.add(tensor.id);
        const missing = node.inputTensors.find(({ id }) => !known.has(id));
        if (missing !== undefined) {
          if (open.has(missing.id))
            throw layerError(missing.sourceLayer, 'a model without cycles', 'its output leads to its own input');
          pending.push(missing);
          continue;
        }
        const inputs = node.inputTensors.map(({ id }) => known.get(id) as Value);
        const own = { frozen: around.frozen || !layer.trainable, inference: around.inference || isInferred(node) };
        const outputs = this.#layer(layer, inputs, own, tensor.id === this.#last?.id);
        node.outputTensors.forEach((output, place) => known.set(output.id, outputs[place] as Value));
        open.delete(tensor.id);
      }
      return known.get(wanted.id) as Value;
    };
    return model.outputs.map(valueAt);
  }

  #layer(layer: Layer, inputs: readonly Value[], own: Around, last: boolean): Value[] {
    const { graph } = this.#pass;
    if (isModel(layer)) return graph.scope(layer.name, () => this.model(layer, inputs, own));
    const lower = layerDefinition(layer.getClassName())?.lower;
    if (lower === undefined) throw layerError(layer, 'a layer that can be compiled', layer.getClassName());
    const settings = new LayerSettings(layer.getConfig());
    const scope = new LayerScope(this.#pass, layer, settings, last, own.frozen, own.inference);
    return graph.scope(layer.name, () => {
      try {
        const output = lower(scope, inputs);
        if (!this.#penalized.has(layer)) this.weightPenalties.push(...weightPenalties(scope));
        this.#penalized.add(layer);
        this.activityPenalties.push(...activityPenalties(scope, output));
        return [output];
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        const shapes = inputs.map((input) => `[${input.shape.map((size) => (size < 0 ? 'batch' : size)).join(', ')}]`);
        throw layerError(layer, 'inputs that fit', `${shapes.join(' and ')}: ${error.message}`);
      }
    });
  }
}

function layerError(layer: Layer, expected: string, found: string): ConvoyError {
  const text = `Layer ${layer.name} (${layer.getClassName()}): expected ${expected} but found ${found}`;
  return new ConvoyError('CONVOY_MODEL', text, { place: layer.name });
}
