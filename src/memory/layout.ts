import { type Arena, ArenaPlan, slotAlignment } from './arena.js';

const floatsPerLine = slotAlignment / 4;

/** Floats of one shard's statistics: a cache line of its own, so that workers never share one. */
export const statsLength = floatsPerLine;

/** What the layout must know of a parameter. */
export interface LayoutParameter {
  readonly name: string;
  readonly shape: readonly number[];
  readonly trainable: boolean;
  readonly updatedByForward: boolean;
}

/** A parameter with its place in the weights slot. */
export interface PlacedParameter extends LayoutParameter {
  /** In floats from the start of the weights slot, a multiple of 16. */
  readonly offset: number;
  /** In floats, without padding. */
  readonly length: number;
}

/** What a run keeps in shared memory. */
export interface LayoutOptions {
  /** In model order. */
  readonly parameters: readonly LayoutParameter[];
  readonly shards: number;
  /** Batch slots in the ring. */
  readonly slots: number;
  /** Samples a slot can hold. */
  readonly capacity: number;
  /** Bytes of one image. */
  readonly imageBytes: number;
  /** Floats of one sample's features, where training starts from those of a frozen base. */
  readonly featureLength?: number;
  readonly classes: number;
  readonly targets: 'classes' | 'multi-label';
  /** Names of the optimizer's state regions, each as long as the trainable weights. */
  readonly optimizerStates: readonly string[];
}

/**
 * Where everything lies, plain data that crosses threads.
 *
 * The weights slot has three sections: trainable weights, which the optimizer moves; moving statistics, which the
 * forward pass renews; frozen weights. A shard's gradients have the layout of the first section, its new moving
 * statistics that of the second. Padding between parameters is zero and stays zero.
 */
export interface RunLayout extends Omit<LayoutOptions, 'parameters'> {
  readonly parameters: readonly PlacedParameter[];
  /** Floats of the sections, multiples of 16. */
  readonly trainableLength: number;
  readonly movingLength: number;
  readonly frozenLength: number;
}

/** Names of slots, in one place. */
export const slotNames = {
  weights: 'weights',
  gradients: (shard: number) => `gradients/${shard}`,
  moving: (shard: number) => `moving/${shard}`,
  stats: 'stats',
  optimizer: (state: string) => `optimizer/${state}`,
  reduced: 'reduced',
  scratch: 'scratch',
  pixels: (slot: number) => `pixels/${slot}`,
  features: (slot: number) => `features/${slot}`,
  targets: (slot: number) => `targets/${slot}`,
  outputs: (slot: number) => `outputs/${slot}`,
} as const;

/** Places every parameter: section by section, model order within a section. */
export function planLayout(options: LayoutOptions): RunLayout {
  const offsets = new Map<LayoutParameter, number>();
  const sections = [
    options.parameters.filter((p) => p.trainable),
    options.parameters.filter((p) => !p.trainable && p.updatedByForward),
    options.parameters.filter((p) => !p.trainable && !p.updatedByForward),
  ];
  let end = 0;
  const lengths = sections.map((section) => {
    const start = end;
    for (const parameter of section) {
      offsets.set(parameter, end);
      end += Math.ceil(Math.max(1, elements(parameter.shape)) / floatsPerLine) * floatsPerLine;
    }
    return end - start;
  });
  return {
    ...options,
    parameters: options.parameters.map((parameter) => ({
      ...parameter,
      offset: offsets.get(parameter) ?? 0,
      length: elements(parameter.shape),
    })),
    trainableLength: lengths[0] ?? 0,
    movingLength: lengths[1] ?? 0,
    frozenLength: lengths[2] ?? 0,
  };
}

/**
 * Allocates the arena of a layout. Scratch floats are the optimizer's, for its blocks.
 *
 * @throws ConvoyError `CONVOY_MEMORY` when it does not fit.
 */
export function createRunArena(layout: RunLayout, scratchLength: number): Arena {
  const plan = new ArenaPlan();
  plan.add(slotNames.weights, 'float32', layout.trainableLength + layout.movingLength + layout.frozenLength);
  for (let shard = 0; shard < layout.shards; shard++) {
    plan.add(slotNames.gradients(shard), 'float32', layout.trainableLength);
    plan.add(slotNames.moving(shard), 'float32', layout.movingLength);
  }
  plan.add(slotNames.stats, 'float32', layout.slots * layout.shards * statsLength);
  for (const state of layout.optimizerStates) {
    plan.add(slotNames.optimizer(state), 'float32', layout.trainableLength);
  }
  plan.add(slotNames.reduced, 'float32', layout.trainableLength);
  plan.add(slotNames.scratch, 'float32', scratchLength);
  for (let slot = 0; slot < layout.slots; slot++) {
    plan.add(slotNames.pixels(slot), 'uint8', layout.capacity * layout.imageBytes);
    if (layout.featureLength !== undefined) {
      plan.add(slotNames.features(slot), 'float32', layout.capacity * layout.featureLength);
    }
    if (layout.targets === 'classes') plan.add(slotNames.targets(slot), 'int32', layout.capacity);
    else plan.add(slotNames.targets(slot), 'float32', layout.capacity * layout.classes);
    plan.add(slotNames.outputs(slot), 'float32', layout.capacity * layout.classes);
  }
  return plan.create();
}

/** Elements of a shape. */
export function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
