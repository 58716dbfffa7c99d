import type { Attributes, GraphNode, Value } from './types.js';

/** Whether attributes of a convolution or its gradients have strides and dilations of 1. */
export function hasUnitSteps(attributes: Attributes): boolean {
  const steps = [attributes['strides'], attributes['dilations']] as readonly { readonly integers: readonly number[] }[];
  return steps.every(({ integers }) => integers.every((step) => step === 1));
}

/** Whether a node is a convolution with stride 1, without dilation or groups, as convoy's kernels take. */
export function isUnitStride({ op, attributes, inputs }: GraphNode): boolean {
  if (op !== 'Conv2D') return false;
  const [x, filter] = inputs as readonly [Value, Value];
  return x.shape[3] === filter.shape[2] && hasUnitSteps(attributes);
}

/** Attributes of such a convolution's kernels: rows and columns of its filter, of zeros above and to the left. */
export function plainAttributes({
  inputs,
  attributes,
}: GraphNode): Readonly<Record<'kernel' | 'padding', Attributes[string]>> {
  const [high, wide] = (inputs[1] as Value).shape as readonly [number, number];
  const same = attributes['padding'] === 'SAME';
  return {
    kernel: { integers: [high, wide] },
    padding: { integers: [high, wide].map((size) => (same ? (size - 1) >> 1 : 0)) },
  };
}
