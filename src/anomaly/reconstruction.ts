/** Errors of rebuilt images: what a network for normal images cannot rebuild is anomalous. Nothing is fitted. */
import type { Detector, Fitting, Grid } from './contract.js';

export function reconstructionErrors({ height, width }: Grid): Detector {
  const each = height * width;
  return {
    score({ values }, image) {
      const scores = Float64Array.from(values.subarray(image * each, (image + 1) * each));
      return { scores, image: scores.reduce((sum, error) => sum + error, 0) / each };
    },
    tensors: () => [],
  };
}

export function fitReconstruction(grid: Grid): Fitting {
  return { add: () => undefined, finish: () => reconstructionErrors(grid) };
}
