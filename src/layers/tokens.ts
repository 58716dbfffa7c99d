import { type Tensor, tf } from '../base/tf.js';
import {
  baseOptions,
  fixedSize,
  type LayerConfig,
  type LayerOptions,
  onlyInput,
  onlyShape,
  type Shape,
} from './layer.js';

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

  override build(inputShape: Shape | Shape[]): void {
    const features = fixedSize(onlyShape(inputShape), -1, this.name);
    this.#token = this.addWeight('token', [1, 1, features], 'float32', tf.initializers.zeros(), undefined, true);
    this.built = true;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
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

  override getConfig(): LayerConfig {
    return { ...super.getConfig(), tokenInitializer: { className: 'Zeros', config: {} } };
  }
}

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

  override build(inputShape: Shape | Shape[]): void {
    const shape = onlyShape(inputShape);
    const sizes = [1, fixedSize(shape, 1, this.name), fixedSize(shape, 2, this.name)];
    const initializer = tf.initializers.randomNormal({ mean: 0, stddev: 0.02 });
    this.#embedding = this.addWeight('embedding', sizes, 'float32', initializer, undefined, true);
    this.built = true;
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    return onlyShape(inputShape);
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tf.tidy(() => {
      if (this.#embedding === undefined) throw new TypeError(`layer ${this.name} is not built`);
      return tf.add(onlyInput(inputs), this.#embedding.read());
    });
  }

  override getConfig(): LayerConfig {
    const embeddingInitializer = { className: 'RandomNormal', config: { mean: 0, stddev: 0.02 } };
    return { ...super.getConfig(), embeddingInitializer };
  }
}

/** The first token of `[batch, tokens, features]`: `[batch, features]`. */
export class FirstToken extends tf.layers.Layer {
  static readonly className = 'FirstToken';

  constructor(options: LayerOptions = {}) {
    super(baseOptions(options));
  }

  override computeOutputShape(inputShape: Shape | Shape[]): Shape {
    const shape = onlyShape(inputShape);
    return [shape[0] ?? null, shape[2] ?? null];
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tf.tidy(() => {
      const x = onlyInput(inputs);
      return tf.squeeze(tf.slice(x, [0, 0, 0], [-1, 1, -1]), [1]);
    });
  }
}

tf.serialization.registerClass(ClassToken);
tf.serialization.registerClass(PositionEmbedding);
tf.serialization.registerClass(FirstToken);
