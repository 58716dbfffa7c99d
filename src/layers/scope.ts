import { ConvoyError } from '../base/errors.js';
import type { LayersModel } from '../base/tf.js';
import { binary, cast, type DataType, type GraphBuilder, type Shape, type Value } from '../ops/index.js';
import type { LayerSettings } from './settings.js';

/** A layer of tfjs. */
export type Layer = LayersModel['layers'][number];

/** What all layers of one forward pass share: fed parameters, state so far, and the seed. */
export interface ForwardPass {
  readonly graph: GraphBuilder;
  /** True for a training step. */
  readonly training: boolean;
  /** Samples in the batch, an int32 scalar. */
  readonly batch: Value;
  /** Type of convolutions and matrix products. */
  readonly computeType: DataType;
  /** The fed value of a weight, by the weight's id. */
  readonly parameters: ReadonlyMap<number, Value>;
  /** New values of moving statistics, by the weight's id; a layer used twice renews them twice. */
  readonly state: Map<number, Value>;
  /** The fed seed, int32 [2]; asking for it makes it an input. */
  readonly seed: () => Value;
  /** The fed mask of a random layer, uint8: 1 with probability 1 - rate, else 0; asking for it makes it an input. */
  readonly mask: (layer: number, rate: number, shape: Shape) => Value;
  /** Place of each random layer among the random layers of the model. */
  readonly randomIndex: ReadonlyMap<Layer, number>;
}

/** What a lowering sees: the layer, its configuration and weights, and the graph to add to. */
export class LayerScope {
  constructor(
    readonly pass: ForwardPass,
    readonly layer: Layer,
    readonly settings: LayerSettings,
    /** True when the layer's output is the model's: it is computed in float32. */
    readonly last: boolean,
    /** True when the layer or a model around it is frozen. */
    readonly frozen: boolean,
    /** True when the layer or a model around it is called with `training: false`. */
    readonly inference = false,
  ) {}

  get graph(): GraphBuilder {
    return this.pass.graph;
  }

  /** True when dropout drops and batch normalization, if it is not frozen, uses the batch. */
  get training(): boolean {
    return this.pass.training && !this.inference;
  }

  /** Type of this layer's convolutions and matrix products. */
  get computeType(): DataType {
    return this.last ? 'float32' : this.pass.computeType;
  }

  /** The value in the type of this layer's convolutions and matrix products. */
  compute(x: Value): Value {
    return cast(this.graph, x, this.computeType);
  }

  /** Whether the layer has a weight of this name, without path and number: `kernel`. */
  has(name: string): boolean {
    return this.#find(name) !== undefined;
  }

  /** The float32 value of a weight of the layer; a moving statistic as it was before this step. */
  weight(name: string): Value {
    const variable = this.#find(name);
    const value = variable === undefined ? undefined : this.pass.parameters.get(variable.id);
    if (value === undefined) throw this.error(`a weight called ${name}`, 'none');
    return value;
  }

  /** The value of a moving statistic, as renewed so far in this step. */
  state(name: string): Value {
    return this.pass.state.get(this.#find(name)?.id ?? -1) ?? this.weight(name);
  }

  /** Renews a moving statistic. */
  renew(name: string, value: Value): void {
    const variable = this.#find(name);
    if (variable === undefined) throw this.error(`a weight called ${name}`, 'none');
    this.pass.state.set(variable.id, value);
  }

  /** The int32 [2] key of this layer's random numbers in this step: the fed seed plus [0, place among random layers]. */
  randomKey(): Value {
    const place = this.#randomPlace();
    const offset = this.graph.constant([0, place], 'int32', [2]);
    return binary(this.graph, 'AddV2', this.pass.seed(), offset);
  }

  /** This layer's mask in this step, uint8: 1 with probability 1 - rate, else 0. */
  keepMask(rate: number, shape: Shape): Value {
    return this.pass.mask(this.#randomPlace(), rate, shape);
  }

  /** An error that names the layer. */
  error(expected: string, found: string): ConvoyError {
    const { name } = this.layer;
    const text = `Layer ${name} (${this.layer.getClassName()}): expected ${expected} but found ${found}`;
    return new ConvoyError('CONVOY_MODEL', text, { place: name });
  }

  #randomPlace(): number {
    const place = this.pass.randomIndex.get(this.layer);
    if (place === undefined) throw this.error('a layer known as random', this.layer.getClassName());
    return place;
  }

  #find(name: string): Layer['weights'][number] | undefined {
    return this.layer.weights.find(
      (weight) => weight.originalName.slice(weight.originalName.lastIndexOf('/') + 1) === name,
    );
  }
}

/** Adds a layer's computation to the graph. */
export type Lowering = (scope: LayerScope, inputs: readonly Value[]) => Value;

/** A lowering of a layer with one input. */
export function single(lower: (scope: LayerScope, x: Value) => Value): Lowering {
  return (scope, inputs) => {
    const [x] = inputs;
    if (x === undefined || inputs.length !== 1) throw scope.error('one input', String(inputs.length));
    return lower(scope, x);
  };
}

/** A lowering of a layer with two inputs or more, brought to one type: the narrower where they differ, as they are activations. */
export function several(lower: (scope: LayerScope, inputs: readonly Value[]) => Value): Lowering {
  return (scope, inputs) => {
    if (inputs.length < 2) throw scope.error('two inputs or more', String(inputs.length));
    const type = inputs.some((input) => input.type === 'bfloat16') ? 'bfloat16' : 'float32';
    return lower(
      scope,
      inputs.map((input) => cast(scope.graph, input, type)),
    );
  };
}
