/** Convolutions of every kind that our kernels have, and what they must give, computed in float64. */
import type { ExecutionContext } from 'ava';
import { withPooledConvolutions } from '../../src/graph/fuse.js';
import type { GraphBuilder } from '../../src/ops/builder.js';
import { narrowDropout } from '../../src/ops/narrow.js';
import type { WindowPadding } from '../../src/ops/neural.js';
import { reluGradient } from '../../src/ops/rectify.js';
import type { Value } from '../../src/ops/types.js';

/** Ops that graphs of these tests are built with. */
export const convolutions = ['ConvoyMaxPool', 'ConvoyNarrowDropout', 'ConvoyNarrowFilterGrad'];

/** What a case is, in words. */
export function titleOf({ filter, padding, inputs, outputs, size, window, rectified, dropped }: Case): string {
  const title = `${filter.join('x')} ${padding} of ${inputs} channels to ${outputs} on ${size.join('x')}`;
  return `${title}${window === undefined ? '' : `, pooled by ${window.join('x')}`}${rectified ? ', ReLU' : ''}${dropped ? ', ReLU and dropout' : ''}`;
}

/** A convolution with bias, and the maximum pooling behind it, if there is one. */
export interface Case {
  readonly images: number;
  readonly size: readonly [number, number];
  readonly inputs: number;
  readonly filter: readonly [number, number];
  readonly outputs: number;
  readonly padding: WindowPadding;
  readonly window?: readonly [number, number];
  /** Instead of a pooling, ReLU and dropout. */
  readonly dropped?: boolean;
  /** A ReLU behind the pooling. */
  readonly rectified?: boolean;
}

export const cases: readonly Case[] = [
  // Rows of a filter longer and shorter than tiles of vectors, channels that fill no vector, rests of images and windows.
  { images: 2, size: [8, 8], inputs: 32, filter: [3, 3], outputs: 32, padding: 'SAME', window: [2, 2] },
  { images: 3, size: [9, 7], inputs: 5, filter: [3, 3], outputs: 11, padding: 'SAME', window: [2, 2] },
  { images: 2, size: [12, 12], inputs: 32, filter: [5, 5], outputs: 24, padding: 'VALID', window: [2, 2] },
  { images: 2, size: [10, 11], inputs: 24, filter: [2, 4], outputs: 9, padding: 'VALID', window: [3, 2] },
  { images: 2, size: [6, 12], inputs: 48, filter: [1, 1], outputs: 16, padding: 'SAME', window: [3, 3] },
  { images: 1, size: [16, 16], inputs: 100, filter: [3, 3], outputs: 70, padding: 'SAME', window: [4, 4] },
  { images: 2, size: [20, 18], inputs: 64, filter: [3, 3], outputs: 40, padding: 'SAME', window: [2, 2] },
  { images: 2, size: [10, 10], inputs: 12, filter: [3, 3], outputs: 5, padding: 'SAME', window: [5, 5] },
  { images: 3, size: [2, 2], inputs: 1, filter: [3, 3], outputs: 6, padding: 'SAME', window: [2, 2] },
  {
    images: 2,
    size: [12, 12],
    inputs: 32,
    filter: [3, 3],
    outputs: 24,
    padding: 'SAME',
    window: [2, 2],
    rectified: true,
  },
  {
    images: 2,
    size: [13, 10],
    inputs: 7,
    filter: [3, 3],
    outputs: 21,
    padding: 'VALID',
    window: [3, 2],
    rectified: true,
  },
  { images: 2, size: [8, 8], inputs: 3, filter: [3, 3], outputs: 20, padding: 'SAME', window: [2, 2], rectified: true },
  // Few inputs: vectors lie along the outputs.
  {
    images: 2,
    size: [8, 12],
    inputs: 1,
    filter: [3, 3],
    outputs: 33,
    padding: 'SAME',
    window: [2, 2],
    rectified: true,
  },
  { images: 3, size: [12, 12], inputs: 1, filter: [5, 5], outputs: 32, padding: 'VALID', window: [2, 2] },
  { images: 2, size: [8, 9], inputs: 3, filter: [3, 3], outputs: 20, padding: 'SAME', window: [2, 2] },
  { images: 2, size: [9, 9], inputs: 1, filter: [3, 3], outputs: 7, padding: 'SAME', window: [3, 3] },
  { images: 2, size: [8, 8], inputs: 3, filter: [3, 3], outputs: 32, padding: 'SAME' },
  { images: 3, size: [7, 9], inputs: 1, filter: [5, 4], outputs: 43, padding: 'VALID' },
  { images: 1, size: [6, 6], inputs: 4, filter: [4, 4], outputs: 8, padding: 'SAME' },
  { images: 3, size: [7, 9], inputs: 2, filter: [3, 3], outputs: 16, padding: 'SAME' },
  { images: 2, size: [6, 11], inputs: 3, filter: [3, 3], outputs: 48, padding: 'SAME', dropped: true },
  { images: 2, size: [8, 8], inputs: 3, filter: [3, 3], outputs: 32, padding: 'SAME', dropped: true },
  { images: 3, size: [7, 9], inputs: 1, filter: [5, 4], outputs: 61, padding: 'VALID', dropped: true },
];

/** A tensor in row order, and how to reach into it. */
export class Tensor {
  constructor(
    readonly shape: readonly number[],
    readonly data: Float64Array = new Float64Array(shape.reduce((product, size) => product * size, 1)),
  ) {}

  at(...place: readonly number[]): number {
    return place.reduce((offset, index, axis) => offset * (this.shape[axis] as number) + index, 0);
  }
}

/** Which elements a dropout leaves, as bytes: three of four. */
export const kept = (index: number): number => (index % 4 === 1 ? 0 : 1);

/** Everything in float64, element by element, as the definitions have it; `weights` are the gradient of the output. */
export function reference(
  {
    images,
    size,
    inputs,
    filter,
    outputs,
    padding,
    window: [tall, broad] = [1, 1],
    dropped = false,
    rectified = false,
  }: Case,
  x: Tensor,
  kernel: Tensor,
  bias: Float64Array,
  weights: (index: number) => number,
): { readonly outputs: Tensor; readonly x: Tensor; readonly kernel: Tensor; readonly bias: Float64Array } {
  const same = padding === 'SAME';
  const [top, left] = filter.map((length) => (same ? Math.floor((length - 1) / 2) : 0)) as [number, number];
  const [height, width] = size.map((length, axis) => (same ? length : length - (filter[axis] as number) + 1)) as [
    number,
    number,
  ];
  const pooled = new Tensor([images, Math.floor(height / tall), Math.floor(width / broad), outputs]);
  const gradient = {
    outputs: pooled,
    x: new Tensor(x.shape),
    kernel: new Tensor(kernel.shape),
    bias: new Float64Array(outputs),
  };
  // Of the first channel: the others lie side by side in images, a row of outputs apart in filters.
  const taps = (
    n: number,
    row: number,
    column: number,
    output: number,
    use: (from: number, by: number) => void,
  ): void => {
    for (let i = 0; i < filter[0]; i++) {
      for (let j = 0; j < filter[1]; j++) {
        const [y, z] = [row + i - top, column + j - left];
        if (y < 0 || y >= size[0] || z < 0 || z >= size[1]) continue;
        use(x.at(n, y, z, 0), kernel.at(i, j, 0, output));
      }
    }
  };
  const value = (n: number, row: number, column: number, output: number): number => {
    let sum = bias[output] as number;
    taps(n, row, column, output, (from, by) => {
      for (let input = 0; input < inputs; input++)
        sum += (x.data[from + input] as number) * (kernel.data[by + input * outputs] as number);
    });
    return sum;
  };
  for (let n = 0, index = 0; n < images; n++) {
    for (let row = 0; row < (pooled.shape[1] as number); row++) {
      for (let column = 0; column < (pooled.shape[2] as number); column++) {
        for (let output = 0; output < outputs; output++, index++) {
          let most = { value: Number.NEGATIVE_INFINITY, row: 0, column: 0 };
          for (let i = 0; i < tall; i++) {
            for (let j = 0; j < broad; j++) {
              const place = { row: row * tall + i, column: column * broad + j };
              const found = value(n, place.row, place.column, output);
              if (found > most.value) most = { value: found, ...place };
            }
          }
          if ((dropped || rectified) && most.value <= 0) continue;
          if (dropped && kept(index) === 0) continue;
          pooled.data[index] = most.value;
          const g = weights(index);
          gradient.bias[output] = (gradient.bias[output] as number) + g;
          taps(n, most.row, most.column, output, (from, by) => {
            for (let image = from, tap = by; image < from + inputs; image++, tap += outputs) {
              gradient.kernel.data[tap] = (gradient.kernel.data[tap] as number) + g * (x.data[image] as number);
              gradient.x.data[image] = (gradient.x.data[image] as number) + g * (kernel.data[tap] as number);
            }
          });
        }
      }
    }
  }
  return gradient;
}

export function dropOf(graph: GraphBuilder, x: Value, mask: Value): Value {
  const output = narrowDropout(graph, x, mask) as Value;
  graph.differentiate(output.node, {
    inputs: [x],
    rule: (_graph, _node, gradient) => [reluGradient(graph, gradient, output)],
  });
  return output;
}

/** The graph as it is, and with convolution and pooling in one node. */
export function bothWays(
  t: ExecutionContext,
  graph: GraphBuilder,
  window: Case['window'],
): Pick<GraphBuilder, 'nodes'>[] {
  const nodes = withPooledConvolutions({
    nodes: graph.nodes,
    training: new Set(graph.nodes),
    kernels: new Set(['ConvoyPooledConvolution', 'bfloat16']),
  });
  const fused = nodes.some(({ op }) => op === 'ConvoyPooledConvolution');
  t.is(fused, window?.join() === '2,2');
  t.is(
    nodes.some(({ op }) => op === 'Conv2D'),
    !fused,
  );
  return fused ? [graph, { nodes }] : [graph];
}
