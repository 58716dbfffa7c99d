import { ConvoyError } from '../base/errors.js';
import { type LayersModel, type SymbolicTensor, tf } from '../base/tf.js';
import {
  completeBatchNormalization,
  convertObject,
  type Dialect,
  isObject,
  type JsonObject,
  type Layer,
  layerDefinition,
  layerError,
  readLayer,
} from '../layers/index.js';

/** What a configuration is read with. */
export interface Context {
  readonly file: string;
  readonly dialect: Dialect;
  /** Height and width of images, for inputs that leave them open. */
  readonly size: { readonly height: number; readonly width: number } | undefined;
  /** Builds a model that is a layer of another. */
  readonly build: (json: JsonObject, context: Context) => LayersModel;
}

/** Classes of layers that are models. */
export const modelClasses: ReadonlySet<string> = new Set(['Sequential', 'Functional', 'Model']);

type CallArguments = Readonly<Record<string, unknown>>;

/** A layer of a configuration, made when it is first applied: what it is may depend on the shape of its input. */
export class LayerItem {
  readonly entry: JsonObject;
  readonly name: string;
  readonly #context: Context;
  #layer: Layer | undefined;
  #inferred: boolean | undefined;

  /** The layer that is given as the activation of this one. */
  readonly #activation: LayerItem | undefined;

  constructor(entry: JsonObject, context: Context, name?: string) {
    const given = isObject(entry['config']) ? entry['config'] : {};
    this.name = name ?? String(given['name'] ?? entry['name'] ?? entry['class_name']);
    this.#context = context;
    const activation = layerAsActivation(given);
    if (activation === undefined) {
      this.entry = entry;
    } else if (entry['class_name'] === 'Activation') {
      const config = isObject(activation['config']) ? activation['config'] : {};
      this.entry = { ...entry, ...activation, config: { ...config, name: this.name } };
    } else {
      this.entry = { ...entry, config: { ...given, activation: 'linear' } };
      this.#activation = new LayerItem(activation, context, `${this.name}_activation`);
    }
  }

  get isModel(): boolean {
    return modelClasses.has(String(this.entry['class_name']));
  }

  /** The layer's outputs for these inputs. */
  apply(inputs: readonly SymbolicTensor[], given: CallArguments): SymbolicTensor[] {
    const { file } = this.#context;
    const [first] = inputs;
    const layer = (this.#layer ??= this.#make(first?.shape));
    const inferred = this.#isInferred(given);
    if (this.#inferred !== undefined && this.#inferred !== inferred) {
      throw layerError(file, this.name, 'training False in all calls or in none', 'both');
    }
    this.#inferred = inferred;
    layer.setFastWeightInitDuringBuild(true);
    const output = attempt(file, this.name, () =>
      layer.apply(
        inputs.length === 1 && first !== undefined ? first : [...inputs],
        inferred ? { training: false } : undefined,
      ),
    );
    const outputs = (Array.isArray(output) ? output : [output]).map((tensor) => {
      if (tensor instanceof tf.SymbolicTensor) return tensor;
      throw layerError(file, this.name, 'symbolic outputs', typeof tensor);
    });
    return this.#activation === undefined ? outputs : this.#activation.apply(outputs, {});
  }

  /** Whether a call says that the layer is to behave as in inference; any other argument that would change it is refused. */
  #isInferred(given: CallArguments): boolean {
    const definition = layerDefinition(String(this.entry['class_name']));
    let inferred = false;
    for (const [argument, value] of Object.entries(given)) {
      if (definition?.callDefaults?.[argument] === value) continue;
      const trains = this.isModel || definition?.draw !== undefined || definition?.batchStatistics === true;
      if (argument === 'training' && definition !== undefined && !trains) continue;
      if (argument !== 'training' || value !== false) {
        const found = `${argument}: ${JSON.stringify(value)}`;
        throw layerError(this.#context.file, this.name, 'a call without arguments but training False', found);
      }
      inferred = true;
    }
    return inferred;
  }

  #make(inputShape: unknown): Layer {
    const { entry, name } = this;
    const { file, dialect, build } = this.#context;
    const kind = entry['class_name'];
    const given = isObject(entry['config']) ? entry['config'] : {};
    if (this.isModel) {
      const [, height, width]: unknown[] = Array.isArray(inputShape) ? inputShape : [];
      const size = typeof height === 'number' && typeof width === 'number' ? { height, width } : undefined;
      const model = build(entry, { ...this.#context, size });
      model.name = plainName(name);
      if (given['trainable'] === false || entry['trainable'] === false) model.trainable = false;
      return model;
    }
    if (typeof kind !== 'string') throw layerError(file, name, 'a class_name', kind);
    // A registered class of one's own may have the name of one of Keras's: "My>Dense". Exports of convoy register theirs.
    const registered = entry['registered_name'];
    if (typeof registered === 'string' && registered.includes('>') && !/^(keras|convoy>)/.test(registered)) {
      throw layerError(file, name, "a class of Keras's own", registered);
    }
    const definition = layerDefinition(kind);
    const read =
      definition &&
      readLayer(definition, { ...given, name: plainName(name) }, { file, layer: name, dialect, inputShape });
    const { className, config } = read ?? {
      className: kind,
      config: convertObject({ ...given, name: plainName(name) }),
    };
    const layer = fromConfig(file, name, className, config);
    if (read === undefined) this.#checkTaken(layer, config);
    if (given['trainable'] === false) layer.trainable = false;
    completeBatchNormalization(layer);
    return layer;
  }

  /** A layer that only tfjs knows must give back every argument, or it did not understand it. */
  #checkTaken(layer: Layer, config: Readonly<Record<string, unknown>>): void {
    const taken: Readonly<Record<string, unknown>> = layer.getConfig();
    for (const [argument, value] of Object.entries(config)) {
      if (value === null || argument === 'dtype' || argument in taken) continue;
      throw layerError(this.#context.file, this.name, `arguments that tfjs's ${layer.getClassName()} has`, argument);
    }
  }
}

/** An activation that is a layer with arguments of its own, as `Conv2D(activation=LeakyReLU(0.1))` has. */
function layerAsActivation({ activation }: JsonObject): JsonObject | undefined {
  const isLayer = isObject(activation) && layerDefinition(String(activation['class_name'])) !== undefined;
  return isLayer ? activation : undefined;
}

function fromConfig(
  file: string,
  layerName: string,
  className: string,
  config: Readonly<Record<string, unknown>>,
): Layer {
  const known = tf.serialization.SerializationMap.getMap().classNameMap;
  const entry = Object.hasOwn(known, className) ? known[className] : undefined;
  if (entry === undefined) throw layerError(file, layerName, 'a layer class that convoy knows', className);
  const [layerClass, make] = entry;
  const layer: unknown = attempt(file, layerName, () => make(layerClass, config as Parameters<typeof make>[1]));
  if (!(layer instanceof tf.layers.Layer)) throw layerError(file, layerName, 'the class of a layer', className);
  return layer;
}

/** A name that tfjs takes: letters, digits and `-_./`, any other run of characters an underscore. */
export function plainName(name: string): string {
  return name.replace(/[^A-Za-z0-9_.\-/]+/g, '_');
}

/** Names the layer in what tfjs throws. */
export function attempt<Result>(file: string, layer: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    if (error instanceof ConvoyError) throw error;
    const reason = error instanceof Error ? error.message : error;
    throw layerError(file, layer, 'settings and shapes that fit', reason, error);
  }
}
