import type { LayersModel } from '../base/tf.js';
import type { NamedTensor } from './tensors.js';

/** Keys' cubic with a = -1/2, as Pillow and PyTorch's antialiased `bicubic` have it. */
function cubic(x: number): number {
  const at = Math.abs(x);
  if (at < 1) return (1.5 * at - 2.5) * at * at + 1;
  return at < 2 ? ((-0.5 * at + 2.5) * at - 4) * at + 2 : 0;
}

/** Shares of `from` places in each of `to`, rows of a matrix [to, from]. */
function shares(from: number, to: number): number[][] {
  const step = from / to;
  const widening = Math.max(step, 1);
  return Array.from({ length: to }, (_, place) => {
    const centre = step * (place + 0.5);
    const low = Math.max(0, Math.trunc(centre - 2 * widening + 0.5));
    const high = Math.min(from, Math.trunc(centre + 2 * widening + 0.5));
    const row = Array.from({ length: from }, (_, at) =>
      at >= low && at < high ? cubic((at - centre + 0.5) / widening) : 0,
    );
    const sum = row.reduce((total, share) => total + share, 0);
    return row.map((share) => share / sum);
  });
}

/** Rows and columns of the patches of a transformer with `tokens` tokens, one of them its class token. */
function gridOf(model: LayersModel, tokens: number): readonly [number, number] | undefined {
  for (const layer of model.layers) {
    const shape = layer.getClassName() === 'Conv2D' ? layer.outputShape : [];
    const [, height, width] = shape as (number | null)[];
    if (typeof height === 'number' && typeof width === 'number' && height * width === tokens - 1)
      return [height, width];
  }
  return undefined;
}

/**
 * A position embedding [1, 1 + n n, features] for images of another size: the places of the patches resampled to the
 * model's grid, the class token's kept, as timm does (`resample_abs_pos_embed`). Undefined where that cannot be done.
 */
export function resampledPositions(
  model: LayersModel,
  tensor: NamedTensor,
  shape: readonly number[],
): NamedTensor | undefined {
  const [one, tokens = 0, features = 0] = tensor.shape;
  const side = Math.sqrt(tokens - 1);
  const grid = gridOf(model, shape[1] ?? 0);
  if (tensor.shape.length !== 3 || one !== 1 || features !== shape[2] || side < 1 || !Number.isInteger(side) || !grid) {
    return undefined;
  }
  const [rows, columns] = grid;
  const [down, across] = [shares(side, rows), shares(side, columns)];
  const data = new Float32Array((1 + rows * columns) * features);
  data.set(tensor.data.subarray(0, features));
  for (let feature = 0; feature < features; feature++) {
    const at = (row: number, column: number): number =>
      tensor.data[(1 + row * side + column) * features + feature] ?? 0;
    for (let row = 0; row < rows; row++) {
      // The columns of this row first, then along it.
      const line = Array.from({ length: side }, (_, column) =>
        (down[row] ?? []).reduce((sum, share, from) => sum + share * at(from, column), 0),
      );
      for (let column = 0; column < columns; column++) {
        const value = (across[column] ?? []).reduce((sum, share, from) => sum + share * (line[from] ?? 0), 0);
        data[(1 + row * columns + column) * features + feature] = value;
      }
    }
  }
  return { ...tensor, shape: [1, 1 + rows * columns, features], data };
}
