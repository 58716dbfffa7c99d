import { type Tensor4D, tf } from '../base/tf.js';
import { cast, integers, pad, shift, slice, type Value } from '../ops/index.js';
import type { LayerScope } from './scope.js';

type Size = readonly [height: number, width: number];

/** Shares of `from` pixels in each of `to`, by centres of pixels, as TensorFlow 2 and Keras interpolate: rows of a matrix [to, from]. */
function shares(from: number, to: number, interpolation: string): Float32Array {
  const matrix = new Float32Array(to * from);
  const inside = (place: number): number => Math.min(from - 1, Math.max(0, place));
  const add = (row: number, column: number, share: number): void => {
    const at = row * from + inside(column);
    matrix[at] = (matrix[at] ?? 0) + share;
  };
  for (let row = 0; row < to; row++) {
    const centre = (row + 0.5) * (from / to);
    if (interpolation === 'nearest') {
      add(row, Math.floor(centre), 1);
      continue;
    }
    const left = Math.floor(centre - 0.5);
    const share = centre - 0.5 - left;
    add(row, left, 1 - share);
    add(row, left + 1, share);
  }
  return matrix;
}

/** Images [batch, height, width, channels] at another size, bilinear or nearest, as products with shares: differentiable. */
export function resizedTensor(x: Tensor4D, [height, width]: Size, interpolation: string): Tensor4D {
  const [batch, high, wide, channels] = x.shape;
  if (high === height && wide === width) return x;
  const down = tf.tensor2d(shares(high, height, interpolation), [height, high]);
  const across = tf.tensor2d(shares(wide, width, interpolation), [width, wide]);
  const columns = tf.reshape(tf.transpose(x, [1, 0, 2, 3]), [high, batch * wide * channels]);
  const tall = tf.reshape(tf.matMul(down, columns), [height, batch, wide, channels]);
  const rows = tf.reshape(tf.transpose(tall, [2, 1, 0, 3]), [wide, batch * height * channels]);
  return tf.transpose(tf.reshape(tf.matMul(across, rows), [width, batch, height, channels]), [1, 2, 0, 3]) as Tensor4D;
}

/** The same of a graph's value, by `ResizeBilinear` or `ResizeNearestNeighbor`; in float32. */
export function resizedValue(
  scope: LayerScope,
  x: Value,
  size: Size,
  options: { readonly interpolation: string; readonly alignCorners: boolean; readonly halfPixelCenters?: boolean },
): Value {
  const { graph } = scope;
  const [, height, width, channels] = x.shape as readonly [number, number, number, number];
  if (height === size[0] && width === size[1]) return x;
  if (options.interpolation !== 'bilinear' && options.interpolation !== 'nearest') {
    throw scope.error("interpolation 'bilinear' or 'nearest'", JSON.stringify(options.interpolation));
  }
  const op = options.interpolation === 'bilinear' ? 'ResizeBilinear' : 'ResizeNearestNeighbor';
  const attributes = {
    T: { type: 'float32' },
    align_corners: options.alignCorners,
    half_pixel_centers: options.halfPixelCenters ?? false,
  } as const;
  const output = { type: 'float32', shape: [-1, ...size, channels] } as const;
  return graph.add(op, [cast(graph, x, 'float32'), integers(graph, size)], attributes, output, 'resize');
}

/** What an image is cut to or surrounded with before it is resized. */
export type Aspect = 'stretch' | 'crop' | 'pad';

/** The largest window in the middle of an image that has the sides' ratio of a size, whole pixels as Keras rounds them. */
export function windowOfRatio([high, wide]: Size, [height, width]: Size) {
  const tall = Math.max(1, Math.min(high, Math.trunc((wide * height) / width)));
  const broad = Math.max(1, Math.min(wide, Math.trunc((high * width) / height)));
  const middle = (whole: number, part: number): number => Math.trunc((whole - part) / 2);
  return { top: middle(high, tall), left: middle(wide, broad), height: tall, width: broad };
}

/** Rows above and below and columns beside an image that bring its sides to the ratio of a size, as Keras rounds them. */
function marginsOfRatio([high, wide]: Size, [height, width]: Size): Size {
  const half = (part: number, whole: number): number => Math.max(0, Math.trunc((Math.trunc(part) - whole) / 2));
  return [half((wide * height) / width, high), half((high * width) / height, wide)];
}

/** Tensors at another size, cut or surrounded as `aspect` says; `fill` is the number around them. */
export function fittedTensor(x: Tensor4D, size: Size, interpolation: string, aspect: Aspect, fill = 0): Tensor4D {
  const [, high, wide] = x.shape;
  if (aspect === 'crop') {
    const { top, left, height, width } = windowOfRatio([high, wide], size);
    return resizedTensor(tf.slice(x, [0, top, left, 0], [-1, height, width, -1]), size, interpolation);
  }
  if (aspect === 'stretch') return resizedTensor(x, size, interpolation);
  const [rows, columns] = marginsOfRatio([high, wide], size);
  const around: [number, number][] = [
    [0, 0],
    [rows, rows],
    [columns, columns],
    [0, 0],
  ];
  return resizedTensor(tf.pad(x, around, fill), size, interpolation);
}

/** The same of a graph's value. */
export function fittedValue(
  scope: LayerScope,
  x: Value,
  size: Size,
  interpolation: string,
  aspect: Aspect,
  fill = 0,
): Value {
  const { graph } = scope;
  const [, high, wide] = x.shape as readonly [number, number, number];
  const resize = (value: Value): Value =>
    resizedValue(scope, value, size, { interpolation, alignCorners: false, halfPixelCenters: true });
  if (aspect === 'stretch') return resize(x);
  if (aspect === 'crop') {
    const { top, left, height, width } = windowOfRatio([high, wide], size);
    return resize(slice(graph, x, [0, top, left, 0], [-1, height, width, -1]));
  }
  const [rows, columns] = marginsOfRatio([high, wide], size);
  const around = [
    [0, 0],
    [rows, rows],
    [columns, columns],
    [0, 0],
  ] as const;
  // Zeros surround what is shifted by the fill.
  const surrounded = pad(graph, fill === 0 ? x : shift(graph, x, -fill), around);
  return resize(fill === 0 ? surrounded : shift(graph, surrounded, fill));
}
