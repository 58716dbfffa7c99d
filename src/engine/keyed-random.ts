import { type Tensor, tf } from '../base/tf.js';
import type { ProjectionOptions, RandomSource } from '../layers/index.js';
import { elements, ThreadMemory } from '../memory/index.js';
import type { Native, TensorId } from '../native/index.js';
import { Masks } from './masks.js';

/**
 * Keyed randomness for the eager engine, from the very kernel and TensorFlow ops that the compiled engine uses, so that
 * both draw the same masks.
 */
export class KeyedRandom implements RandomSource {
  readonly #native: Native;
  readonly #key: Int32Array = new Int32Array(2);
  readonly #masks = new Masks(new ThreadMemory());

  constructor(native: Native) {
    this.#native = native;
  }

  /** Sets the key of the coming forward pass. */
  setKey(key: readonly [number, number]): void {
    this.#key.set(key);
  }

  /**
   * A float32 mask of `shape`: 1 with probability 1 - rate, else 0, from 16 random bits an element.
   */
  keepMask(shape: readonly number[], rate: number, layerIndex: number): Tensor {
    const view = this.#masks.view(String(layerIndex), elements(shape));
    this.#masks.draw(view, rate, [this.#key[0] as number, this.#key[1] as number], layerIndex);
    return tf.tensor(Float32Array.from(view), [...shape], 'float32');
  }

  /** Standard normal noise of `shape`. */
  normal(shape: readonly number[], layerIndex: number): Tensor {
    return this.#draw('StatelessRandomNormal', shape, layerIndex);
  }

  /** Uniform numbers from 0 up to 1. */
  uniform(shape: readonly number[], layerIndex: number): Tensor {
    return this.#draw('StatelessRandomUniform', shape, layerIndex);
  }

  /** Images by projections, as TensorFlow's own op moves them. */
  project(images: Tensor, transforms: Tensor, { interpolation, fillMode, fillValue }: ProjectionOptions): Tensor {
    const native = this.#native;
    const [, height = 1, width = 1] = images.shape;
    const made = [
      native.wrap(images.dataSync() as Float32Array, images.shape),
      native.wrap(transforms.dataSync() as Float32Array, transforms.shape),
      native.wrap(Int32Array.of(height, width), [2]),
      native.wrap(Float32Array.of(fillValue), []),
    ];
    const [moved] = native.execute(
      'ImageProjectiveTransformV3',
      [
        { name: 'dtype', kind: 'type', value: 'float32' },
        { name: 'interpolation', kind: 'string', value: interpolation },
        { name: 'fill_mode', kind: 'string', value: fillMode },
      ],
      made,
      1,
    );
    for (const id of made) native.release(id);
    return native.toTensor(moved as TensorId);
  }

  #draw(op: 'StatelessRandomNormal' | 'StatelessRandomUniform', shape: readonly number[], layerIndex: number): Tensor {
    const native = this.#native;
    const made: TensorId[] = [];
    const size = native.wrap(Int32Array.from(shape), [shape.length]);
    made.push(size);
    const noise = native.execute(
      op,
      [
        { name: 'dtype', kind: 'type', value: 'float32' },
        { name: 'T', kind: 'type', value: 'int32' },
        { name: 'Tseed', kind: 'type', value: 'int32' },
      ],
      [size, this.#seed(layerIndex, made)],
      1,
    )[0] as TensorId;
    for (const id of made) native.release(id);
    return native.toTensor(noise);
  }

  #seed(layerIndex: number, made: TensorId[]): TensorId {
    const id = this.#native.wrap(Int32Array.of(this.#key[0] as number, (this.#key[1] as number) + layerIndex), [2]);
    made.push(id);
    return id;
  }
}
