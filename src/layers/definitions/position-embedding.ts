import { type Tensor, tf } from '../../base/tf.js';
import { binary, cast } from '../../ops/index.js';
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
 * Adds a learned embedding of each place to `[batch, tokens, features]`. Weight: `embedding` `[1, tokens, features]`,
 * starting normal with deviation 0.02, as in the code of Dosovitskiy et al. 2021.
 */
export class PositionEmbedding extends tf.layers.Layer {
  static readonly className = 'PositionEmbedding';
  #embedding: ReturnType<PositionEmbedding['addWeight']> | undefined;

  constructor(options: LayerOptions = {}) {
    super(baseOptions(options));
  }

  override build(inputShape: BatchShape | BatchShape[]): void {
    const shape = onlyShape(inputShape);
    const sizes = [1, fixedSize(shape, 1, this.name), fixedSize(shape, 2, this.name)];
    const initializer = tf.initializers.randomNormal({ mean: 0, stddev: 0.02 });
    this.#embedding = this.addWeight('embedding', sizes, 'float32', initializer, undefined, true);
    this.built = true;
  }

  override computeOutputShape(inputShape: BatchShape | BatchShape[]): BatchShape {
    return onlyShape(inputShape);
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tf.tidy(() => {
      if (this.#embedding === undefined) throw new TypeError(`layer ${this.name} is not built`);
      return tf.add(onlyInput(inputs), this.#embedding.read());
    });
  }

  override getConfig(): SerializedConfig {
    const embeddingInitializer = { className: 'RandomNormal', config: { mean: 0, stddev: 0.02 } };
    return { ...super.getConfig(), embeddingInitializer };
  }
}

defineLayer({
  className: PositionEmbedding.className,
  layer: PositionEmbedding,
  described: true,
  arguments: { embedding_initializer: meaningless },
  lower: single((scope, x) => binary(scope.graph, 'AddV2', x, cast(scope.graph, scope.weight('embedding'), x.type))),
});
