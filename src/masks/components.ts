/** Connected components of a mask. */
import type { Mask } from './rle.js';

/** Components of a mask. */
export interface Components {
  /** [height, width]: 0 outside the mask, else the number of the component, from 1 in the order of their first pixels by row. */
  readonly labels: Int32Array;
  /** Pixels of each component: component k at k - 1. */
  readonly areas: readonly number[];
}

/**
 * Labels the connected components of a mask, as SciPy's `ndimage.label`.
 *
 * @param connectivity 4: pixels that share a side belong together; 8: also those that share a corner.
 */
export function connectedComponents({ height, width, data }: Mask, connectivity: 4 | 8): Components {
  const labels = new Int32Array(height * width);
  const areas: number[] = [];
  const stack: number[] = [];
  for (let first = 0; first < labels.length; first++) {
    if (data[first] === 0 || labels[first] !== 0) continue;
    const label = areas.length + 1;
    let area = 0;
    labels[first] = label;
    stack.push(first);
    for (let pixel = stack.pop(); pixel !== undefined; pixel = stack.pop()) {
      area++;
      const [row, column] = [Math.floor(pixel / width), pixel % width];
      for (let y = Math.max(0, row - 1); y <= Math.min(height - 1, row + 1); y++) {
        for (let x = Math.max(0, column - 1); x <= Math.min(width - 1, column + 1); x++) {
          const at = y * width + x;
          if (data[at] === 0 || labels[at] !== 0 || (connectivity === 4 && y !== row && x !== column)) continue;
          labels[at] = label;
          stack.push(at);
        }
      }
    }
    areas.push(area);
  }
  return { labels, areas };
}
