import type { GraphBuilder } from '../builder.js';
import type { DataType, Value } from '../types.js';

/** Products of large dense layers by ops of our own (src/native/kernels), which read a kernel once, without packing it. */

/** From this many elements a kernel is larger than a second-level cache, and packing it goes through memory. */
const largeKernel = 1 << 18;
/** Outputs are a multiple of two vectors of AVX-512. */
const outputsMultiple = 32;

/** Whether a layer with this kernel [inputs, outputs] is one that our ops are for. */
export function isLarge(graph: GraphBuilder, kernel: Value): boolean {
  const [inputs, outputs] = kernel.shape as readonly [number, number];
  const fits = kernel.type === 'float32' && outputs % outputsMultiple === 0;
  return graph.kernels.has('ConvoyDense') && fits && inputs * outputs >= largeKernel;
}

/** x [B, inputs] times the kernel. */
export function dense(graph: GraphBuilder, x: Value, kernel: Value): Value {
  const [samples, inputs] = x.shape as readonly [number, number];
  if (inputs !== kernel.shape[0]) throw new RangeError(`a matrix of ${kernel.shape[0]} rows does not fit ${inputs} features`);
  const shape = [samples, kernel.shape[1] as number];
  return graph.add('ConvoyDense', [x, kernel], {}, { type: 'float32', shape }, 'MatMul');
}

/** The gradient of `dense`'s x. */
export function denseInputGradient(graph: GraphBuilder, gradient: Value, kernel: Value): Value {
  const shape = [gradient.shape[0] as number, kernel.shape[0] as number];
  return graph.add('ConvoyDenseInputGrad', [gradient, kernel], {}, { type: 'float32', shape }, 'input');
}

/** Whether `denseKernelGradient` is there for a type and a number of outputs. */
export function multipliesKernel(graph: GraphBuilder, type: DataType, outputs: number): boolean {
  return graph.kernels.has('ConvoyDenseKernelGrad') && type === 'float32' && outputs % outputsMultiple === 0;
}

/** Rows of the gradient of `dense`'s kernel from the row that `first` [0, row] tells, each sample counted by its share [B, 1]. */
export function denseKernelGradient(
  graph: GraphBuilder,
  x: Value,
  gradient: Value,
  { shares, first, rows }: { readonly shares: Value; readonly first: Value; readonly rows: number },
): Value {
  const size = [rows, gradient.shape[1] as number];
  const inputs = [x, gradient, shares, first];
  return graph.add('ConvoyDenseKernelGrad', inputs, { size: { integers: size } }, { type: 'float32', shape: size }, 'kernel');
}
