import { type Tensor, tf } from '../base/tf.js';
import { LayerSettings } from './settings.js';
import {
  type BatchShape,
  baseOptions,
  type LayerOptions,
  onlyInput,
  onlyShape,
  type SerializedConfig,
} from './tfjs-layer.js';

/** What a layer of convoy's own is made from: its arguments in camel case. */
export type OwnOptions = LayerOptions & { readonly [argument: string]: unknown };

/** A layer of convoy's own with one input: keeps its arguments, and gives its input's shape unless it says otherwise. */
export abstract class OwnLayer extends tf.layers.Layer {
  protected readonly settings: LayerSettings;
  readonly #arguments: Readonly<Record<string, unknown>>;

  constructor(options: OwnOptions = {}) {
    super(baseOptions(options));
    const { name: _name, trainable: _trainable, ...own } = options;
    this.#arguments = own;
    this.settings = new LayerSettings(own);
  }

  /** The output; inside a tidy of the caller's. */
  protected abstract compute(x: Tensor): Tensor;

  override computeOutputShape(inputShape: BatchShape | BatchShape[]): BatchShape {
    return onlyShape(inputShape);
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tf.tidy(() => this.compute(onlyInput(inputs)));
  }

  /** A weight that starts with one number, unless the argument NAME_initializer says otherwise. */
  protected constantWeight(
    name: string,
    shape: number[],
    value: number,
    trainable = true,
  ): ReturnType<typeof this.addWeight> {
    const initializer = this.serialized(`${name}Initializer`) ?? tf.initializers.constant({ value });
    const penalty = this.serialized(`${name}Regularizer`);
    return this.addWeight(name, shape, 'float32', initializer as never, penalty as never, trainable);
  }

  /** The initializer or regularizer that an argument gives as class and configuration. */
  protected serialized(argument: string): unknown {
    const value = this.settings.get(argument);
    if (typeof value !== 'object' || value === null || !('className' in value)) return undefined;
    const className = String(value.className);
    const [made, make] = tf.serialization.SerializationMap.getMap().classNameMap[className] ?? [];
    if (made === undefined || make === undefined) throw new TypeError(`unknown class ${className} as ${argument}`);
    return make(made, ('config' in value ? value.config : {}) as never);
  }

  override getConfig(): SerializedConfig {
    return { ...super.getConfig(), ...(this.#arguments as SerializedConfig) };
  }
}

/** The class that tfjs has for a name, for layers that extend it. */
export function tfjsClass(className: string): typeof tf.layers.Layer {
  const [layerClass] = tf.serialization.SerializationMap.getMap().classNameMap[className] ?? [];
  if (layerClass === undefined) throw new TypeError(`tfjs has no ${className}`);
  return layerClass as unknown as typeof tf.layers.Layer;
}

/** A layer that works in training alone, and there by the engines: called by tfjs it gives its input. */
export abstract class RestingLayer extends OwnLayer {
  protected override compute(x: Tensor): Tensor {
    return tf.clone(x);
  }
}
