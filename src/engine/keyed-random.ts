import type { Native, TensorId } from '../native/index.js';
import { tf, type Tensor } from '../tf.js';
import { elements } from '../memory/index.js';

const int16Values = 65_536;
const int16Minimum = -32_768;

/**
 * Keyed randomness for the eager engine, by the very TensorFlow ops that compiled graphs use, so that both engines
 * draw the same masks.
 */
export class KeyedRandom {
  readonly #native: Native;
  readonly #key: Int32Array = new Int32Array(2);

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
    const native = this.#native;
    const count = elements(shape);
    const made: TensorId[] = [];
    const run = (op: string, attributes: Parameters<Native['execute']>[1], ...inputs: TensorId[]): TensorId => {
      const id = native.execute(op, attributes, inputs, 1)[0] as TensorId;
      made.push(id);
      return id;
    };
    const ints = (...values: number[]): TensorId => {
      const id = native.wrap(Int32Array.from(values), [values.length]);
      made.push(id);
      return id;
    };
    const scalar = (value: number): TensorId => {
      const id = native.wrap(Int32Array.of(value), []);
      made.push(id);
      return id;
    };
    const int32 = { name: 'T', kind: 'type', value: 'int32' } as const;
    const int16 = { name: 'T', kind: 'type', value: 'int16' } as const;
    const shapes = { name: 'Tshape', kind: 'type', value: 'int32' } as const;
    const bits = run(
      'StatelessRandomUniformFullInt',
      [
        { name: 'dtype', kind: 'type', value: 'int32' },
        int32,
        { name: 'Tseed', kind: 'type', value: 'int32' },
      ],
      ints(Math.ceil(count / 2)),
      this.#seed(layerIndex, made),
    );
    const halves = run('Bitcast', [int32, { name: 'type', kind: 'type', value: 'int16' }], bits);
    const flat = run('Reshape', [int16, shapes], halves, ints(-1));
    const first = run('Slice', [int16, { name: 'Index', kind: 'type', value: 'int32' }], flat, ints(0), ints(count));
    const shaped = run('Reshape', [int16, shapes], first, ints(...shape));
    const threshold = run(
      'Cast',
      [
        { name: 'SrcT', kind: 'type', value: 'int32' },
        { name: 'DstT', kind: 'type', value: 'int16' },
        { name: 'Truncate', kind: 'bool', value: false },
      ],
      scalar(dropThreshold(rate)),
    );
    const kept = run('GreaterEqual', [int16], shaped, threshold);
    const mask = native.execute(
      'Cast',
      [
        { name: 'SrcT', kind: 'type', value: 'bool' },
        { name: 'DstT', kind: 'type', value: 'float32' },
        { name: 'Truncate', kind: 'bool', value: false },
      ],
      [kept],
      1,
    )[0] as TensorId;
    for (const id of made) native.release(id);
    return native.toTensor(mask);
  }

  /** Standard normal noise of `shape`. */
  normal(shape: readonly number[], layerIndex: number): Tensor {
    const native = this.#native;
    const made: TensorId[] = [];
    const size = native.wrap(Int32Array.from(shape), [shape.length]);
    made.push(size);
    const noise = native.execute(
      'StatelessRandomNormal',
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
    const id = this.#native.wrap(
      Int32Array.of(this.#key[0] as number, (this.#key[1] as number) + layerIndex),
      [2],
    );
    made.push(id);
    return id;
  }
}

/** The int16 value from which an element is kept. */
function dropThreshold(rate: number): number {
  return Math.min(int16Minimum + Math.round(rate * int16Values), 32_767);
}

/** x * mask / (1 - rate): inverted dropout (Srivastava et al. 2014), as both PyTorch and Keras scale it. */
export function applyMask(input: Tensor, mask: Tensor, rate: number): Tensor {
  return tf.mul(tf.mul(input, 1 / (1 - rate)), mask);
}
