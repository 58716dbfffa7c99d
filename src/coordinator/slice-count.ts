import type { RunLayout } from '../memory/index.js';

/** How many slices a large step is cut into, and whether one of them is this thread's. */
export interface SliceCount {
  readonly count: number;
  readonly here: boolean;
}

/** What suits a pool: this thread does a slice too, but where gradients are products, which only workers can compute. */
export function sliceCount(layout: RunLayout, workers: number, cores: number): SliceCount {
  const here = layout.factors.length === 0;
  return { count: Math.max(1, Math.min(here ? workers + 1 : workers, cores)), here };
}
