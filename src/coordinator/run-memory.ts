import type { BatchSlot, TargetForm } from '../contracts/index.js';
import { type Arena, ownShards, type RunLayout, slotNames } from '../memory/index.js';
import type { Optimizer, StepRegions } from '../optimizers/index.js';

/** Where the optimizer's step finds everything. */
export function stepRegions(arena: Arena, layout: RunLayout): StepRegions {
  const place = (name: string) => arena.slot(name).byteOffset;
  const { begin, end } = ownShards(layout);
  return {
    weights: place(slotNames.weights),
    gradients: Array.from({ length: end - begin }, (_, index) => place(slotNames.gradients(begin + index))),
    reduced: place(slotNames.reduced),
    states: layout.optimizerStates.map((state) => place(slotNames.optimizer(state))),
    scratch: place(slotNames.scratch),
    length: layout.trainableLength,
  };
}

/** Writes weights in the order of `modelParameters`. */
export function writeWeights(arena: Arena, layout: RunLayout, weights: readonly Float32Array[]): void {
  const slot = arena.slot(slotNames.weights);
  for (const [index, { offset, length }] of layout.parameters.entries()) {
    arena.float32(slot, offset, length).set(weights[index] as Float32Array);
  }
}

/** Views of the weights in the order of `modelParameters`. */
export function readWeights(arena: Arena, layout: RunLayout): Float32Array<SharedArrayBuffer>[] {
  const slot = arena.slot(slotNames.weights);
  return layout.parameters.map(({ offset, length }) => arena.float32(slot, offset, length));
}

/** A batch slot as stages see it. */
export function batchSlot(arena: Arena, layout: RunLayout, slot: number): BatchSlot {
  const pixels = arena.uint8(arena.slot(slotNames.pixels(slot)));
  const targets = arena.slot(slotNames.targets(slot));
  return {
    pixels,
    ...(layout.featureLength === undefined ? {} : { features: arena.float32(arena.slot(slotNames.features(slot))) }),
    ...targetView(arena, targets, layout.target),
  };
}

function targetView(arena: Arena, slot: ReturnType<Arena['slot']>, { type, shape }: TargetForm): Partial<BatchSlot> {
  if (shape === undefined) return {};
  if (type === 'int32') return { labels: arena.int32(slot) };
  if (type === 'uint8') return { masks: arena.uint8(slot) };
  return shape.length === 1 ? { values: arena.float32(slot) } : { boxes: arena.float32(slot) };
}

/** Gives every optimizer state its first values. */
export function initializeState(arena: Arena, layout: RunLayout, optimizer: Optimizer): void {
  const states = optimizer.stateNames.map((name) => arena.float32(arena.slot(slotNames.optimizer(name))));
  optimizer.initialize(states, arena.float32(arena.slot(slotNames.weights), 0, layout.trainableLength));
}
