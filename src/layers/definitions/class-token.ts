import { type Tensor, tf } from '../../base/tf.js';
import { broadcastTo, cast, concatenate, shapeWith } from '../../ops/index.js';
import { meaningless } from '../arguments.js';
import { defineLayer } from '../definition.js';
import { single } from '../scope.js';
import {
  type BatchShape,
  baseOptions,
  fixedSize,
  type LayerOptions,
  onlyInput,
  onlyShape,
  type SerializedConfig,
} from '../tfjs-layer.js';

/**
 * Puts a learned token before the tokens of `[batch, tokens, features]` (Devlin et al. 2019; Dosovitskiy et al. 2021).
 * Weight: `token` `[1, 1, features]`, starting at zero.
 */
export class ClassToken extends tf.layers.Layer {
  static readonly className = 'ClassToken';
  #token: ReturnType<ClassToken['addWeight']> | undefined;

  constructor(options: LayerOptions = {}) {
    super(baseOptions(options));
  }

  override build(inputShape: BatchShape | BatchShape[]): void {
    const features = fixedSize(onlyShape(inputShape), -1, this.name);
    this.#token = this.addWeight('token', [1, 1, features], 'float32', tf.initializers.zeros(), undefined, true);
    this.built = true;
  }

  override computeOutputShape(inputShape: BatchShape | BatchShape[]): BatchShape {
    const shape = onlyShape(inputShape);
    return [shape[0] ?? null, fixedSize(shape, 1, this.name) + 1, shape[2] ?? null];
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tf.tidy(() => {
      if (this.#token === undefined) throw new TypeError(`layer ${this.name} is not built`);
      const x = onlyInput(inputs);
      return tf.concat([tf.tile(this.#token.read(), [x.shape[0] ?? 1, 1, 1]), x], 1);
    });
  }

  override getConfig(): SerializedConfig {
    return { ...super.getConfig(), tokenInitializer: { className: 'Zeros', config: {} } };
  }
}

defineLayer({
  className: ClassToken.className,
  layer: ClassToken,
  described: true,
  arguments: { token_initializer: meaningless },
  lower: single((scope, x) => {
    const { graph } = scope;
    const token = cast(graph, scope.weight('token'), x.type);
    const features = x.shape.at(-1) as number;
    const tokens = broadcastTo(graph, token, shapeWith(graph, x, [1, features]), [-1, 1, features]);
    return concatenate(graph, [tokens, x], 1);
  }),
});
