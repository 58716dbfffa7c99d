/**
 * Process that multiplies square matrices on request, on all cores, through the TensorFlow that convoy trains with: the
 * peak that a step can be held against.
 */

import type { Precision } from '../../src/contracts/index.js';
import { serve } from '../../src/measure/index.js';
import { loadNative } from '../../src/native/index.js';

export interface ProductSetup {
  /** Side of the matrices. */
  readonly size: number;
  readonly precision: Precision;
}

await serve<ProductSetup, { readonly steps: number }>(async ({ size, precision }) => {
  const native = await loadNative();
  const type = { name: 'T', kind: 'type', value: precision } as const;
  const noise = () => {
    const made = native.wrap(new Float32Array(size * size).fill(1 / size), [size, size]);
    if (precision === 'float32') return made;
    const cast = { kind: 'type', name: 'SrcT', value: 'float32' } as const;
    const [low] = native.execute('Cast', [cast, { kind: 'type', name: 'DstT', value: precision }], [made], 1);
    native.release(made);
    return low as number;
  };
  const left = noise();
  const right = noise();
  const plain = [
    { name: 'transpose_a', kind: 'bool', value: false },
    { name: 'transpose_b', kind: 'bool', value: false },
    type,
  ] as const;
  return {
    facts: {},
    round: async ({ steps }) => {
      const started = performance.now();
      for (let step = 0; step < steps; step++) {
        for (const id of native.execute('MatMul', plain, [left, right], 1)) native.release(id);
      }
      // "Images" are operations here: 2 n^3 a product.
      return { images: steps * 2 * size ** 3, seconds: (performance.now() - started) / 1000 };
    },
    close: async () => {
      native.release(left);
      native.release(right);
    },
  };
});
