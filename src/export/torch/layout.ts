/** convoy's memory layouts brought to PyTorch's: the inverse of what src/weights reads. */

/** Height, width and channels that a flattening before a dense layer makes one axis. */
export interface FlattenedImage {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** A tensor with its axes in another order. */
function permuted(data: Float32Array, shape: readonly number[], order: readonly number[]): Float32Array<ArrayBuffer> {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const result = new Float32Array(data.length);
  const at = new Array<number>(order.length).fill(0);
  let source = 0;
  for (let target = 0; target < data.length; target++) {
    result[target] = data[source] as number;
    for (let place = order.length - 1; place >= 0; place--) {
      const axis = order[place] as number;
      source += strides[axis] as number;
      at[place] = (at[place] as number) + 1;
      if ((at[place] as number) < (shape[axis] as number)) break;
      source -= (shape[axis] as number) * (strides[axis] as number);
      at[place] = 0;
    }
  }
  return result;
}

/**
 * A weight in PyTorch's layout: convolutions [out, in, height, width], depthwise ones [channels, 1, height, width], dense
 * [out, in], where a flattened image has its channels first.
 */
export function toTorch(
  weight: string,
  shape: readonly number[],
  data: Float32Array,
  image: FlattenedImage | undefined,
): { readonly shape: readonly number[]; readonly data: Float32Array<ArrayBuffer> } {
  const [a = 1, b = 1, c = 1, d = 1] = shape;
  if (weight === 'depthwise_kernel') return { shape: [c * d, 1, a, b], data: permuted(data, shape, [2, 3, 0, 1]) };
  if (weight === 'kernel' && shape.length === 4)
    return { shape: [d, c, a, b], data: permuted(data, shape, [3, 2, 0, 1]) };
  if (weight === 'kernel' && shape.length === 2) {
    if (image === undefined) return { shape: [b, a], data: permuted(data, shape, [1, 0]) };
    const { height, width, channels } = image;
    return { shape: [b, a], data: permuted(data, [height, width, channels, b], [3, 2, 0, 1]) };
  }
  return { shape, data: Float32Array.from(data) };
}
