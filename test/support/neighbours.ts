import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Share of points whose nearest other point in a map of two dimensions has the same label. */
export function nearestNeighbourAccuracy(map: ArrayLike<number>, labels: readonly number[]): number {
  let right = 0;
  for (const [i, label] of labels.entries()) {
    let nearest = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let j = 0; j < labels.length; j++) {
      const [dx, dy] = [(map[2 * i] ?? 0) - (map[2 * j] ?? 0), (map[2 * i + 1] ?? 0) - (map[2 * j + 1] ?? 0)];
      const distance = dx * dx + dy * dy;
      if (j === i || distance >= least) continue;
      least = distance;
      nearest = j;
    }
    if (labels[nearest] === label) right += 1;
  }
  return right / labels.length;
}

/** The first training images of MNIST, of its IDX files in `folder`. */
export function datasetFromIdx(folder: string, count: number): { pixels: Float64Array; labels: number[] } {
  const read = (name: string): Buffer => gunzipSync(readFileSync(join(folder, `${name}.gz`)));
  return {
    pixels: Float64Array.from(read('train-images-idx3-ubyte').subarray(16, 16 + 784 * count)),
    labels: [...read('train-labels-idx1-ubyte').subarray(8, 8 + count)],
  };
}
