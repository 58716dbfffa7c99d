import { type Arena, type RunLayout, slotNames } from '../memory/index.js';

/** The optimizer's state that holds the moving average of the weights, where it keeps one. */
export const averagedState = 'ema';

/** What is needed to find the weights of a run and their average. */
interface RunMemory {
  readonly arena: Arena;
  readonly layout: RunLayout;
}

/**
 * Does something with the averaged weights in the place of the trained ones, where the optimizer keeps an average
 * (Polyak and Juditsky 1992; Keras's `use_ema`), then puts the trained ones back to the bit. Moving statistics of batch
 * normalization are averages already and stay. No optimizer step may run meanwhile.
 */
export async function withAveragedWeights<Result>(memory: RunMemory, use: () => Promise<Result>): Promise<Result> {
  swap(memory);
  try {
    return await use();
  } finally {
    swap(memory);
  }
}

/** Makes the averaged weights the weights, for good. */
export function takeAveragedWeights(memory: RunMemory): void {
  const views = viewsOf(memory);
  views?.weights.set(views.averaged);
}

function swap(memory: RunMemory): void {
  const views = viewsOf(memory);
  if (views === undefined) return;
  const trained = views.weights.slice();
  views.weights.set(views.averaged);
  views.averaged.set(trained);
}

function viewsOf({ arena, layout }: RunMemory): { weights: Float32Array; averaged: Float32Array } | undefined {
  if (!layout.optimizerStates.includes(averagedState)) return undefined;
  return {
    weights: arena.float32(arena.slot(slotNames.weights), 0, layout.trainableLength),
    averaged: arena.float32(arena.slot(slotNames.optimizer(averagedState))),
  };
}
