import { statsLength, type TargetForm, targetLength } from '../contracts/index.js';
import { type Arena, ArenaPlan, slotAlignment } from './arena.js';

const floatsPerLine = slotAlignment / 4;

/** Words of the barrier before those of the shards: two cache lines. */
export const barrierHead = 2 * floatsPerLine;

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
  /** Of its factors, where it has them. */
  readonly unit?: number;
}

/**
 * A dense kernel whose gradient, the product A'B of a batch's inputs A and gradients B, is not computed by the shards:
 * they leave A and B here, and parts of the product are then computed for all shards at once.
 */
export interface FactorPlace {
  /** Index of the parameter, [inputs, outputs]. */
  readonly index: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Words of 32 bits that one sample's inputs take: half as many as inputs where those are bfloat16. */
  readonly words: number;
  /** Floats of the gradient in one part: whole rows, a multiple of 16. */
  readonly unit: number;
}

/** Neighbouring shards, from `begin` until before `end`. */
export interface ShardSpan {
  readonly begin: number;
  readonly end: number;
}

/** What a run keeps in shared memory. */
export interface LayoutOptions {
  /** In model order. */
  readonly parameters: readonly LayoutParameter[];
  readonly shards: number;
  /** Batch slots in the ring. */
  readonly slots: number;
  /** Samples of a batch at most. A slot holds those of the own shards. */
  readonly capacity: number;
  /** The first slots, which need hold no more than a training batch. Default: none. */
  readonly training?: { readonly slots: number; readonly capacity: number };
  /** Bytes of one image. */
  readonly imageBytes: number;
  /** Floats of one sample's features, where training starts from those of a frozen base. */
  readonly featureLength?: number;
  readonly target: TargetForm;
  /** Values that evaluation keeps of a sample. */
  readonly outputLength: number;
  /** Names of the optimizer's state regions, each as long as the trainable weights. */
  readonly optimizerStates: readonly string[];
  /** In a cluster: the shards that this process computes. Default: all. */
  readonly ownShards?: ShardSpan;
  /** In a cluster that sums gradients in slices: floats of the room for those of other ranks. */
  readonly stagingLength?: number | undefined;
  /** Default: none. */
  readonly factors?: readonly FactorPlace[];
  /** Samples a shard can have in training, where there are factors. */
  readonly shardRows?: number;
}

/**
 * Where everything lies, plain data that crosses threads.
 *
 * The weights slot has three sections: trainable weights, which the optimizer moves; moving statistics, which the
 * forward pass renews; frozen weights. A shard's gradients have the layout of the first section, its new moving
 * statistics that of the second. Padding between parameters is zero and stays zero.
 */
export interface RunLayout extends Omit<LayoutOptions, 'parameters' | 'factors' | 'shardRows'> {
  readonly parameters: readonly PlacedParameter[];
  readonly factors: readonly FactorPlace[];
  readonly shardRows: number;
  /** Floats of the sections, multiples of 16. */
  readonly trainableLength: number;
  readonly movingLength: number;
  readonly frozenLength: number;
}

/** Names of slots, in one place. */
export const slotNames = {
  weights: 'weights',
  gradients: (shard: number) => `gradients/${shard}`,
  /** Of all shards, one behind the other: inputs, and gradients as float32. */
  inputFactors: (parameter: number) => `factors/${parameter}/inputs`,
  gradientFactors: (parameter: number) => `factors/${parameter}/gradients`,
  /** What each row of the factors counts: its shard's coefficient, 0 where there is no sample. */
  rowShares: 'factors/shares',
  /** A part of a product, of the thread that has the scratch block of the same number. */
  product: (scratch: number) => `product/${scratch}`,
  moving: (shard: number) => `moving/${shard}`,
  stats: 'stats',
  /** Where workers wait for each other before the optimizer's step (see `StepBarrier`). */
  barrier: 'barrier',
  /** Slices of other ranks' gradients. */
  staging: 'staging',
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
  const { factors = [], shardRows = 0 } = options;
  const units = new Map(factors.map(({ index, unit }) => [index, { unit }]));
  return {
    ...options,
    factors,
    shardRows,
    parameters: options.parameters.map((parameter, index) => ({
      ...parameter,
      offset: offsets.get(parameter) ?? 0,
      length: elements(parameter.shape),
      ...units.get(index),
    })),
    trainableLength: lengths[0] ?? 0,
    movingLength: lengths[1] ?? 0,
    frozenLength: lengths[2] ?? 0,
  };
}

/** Floats of the largest part of a product. */
export function productLength({ factors }: RunLayout): number {
  return factors.reduce((most, { unit }) => Math.max(most, unit), 0);
}

/**
 * Allocates the arena of a layout. `scratch` is the optimizer's: a number of blocks, and the floats of a block.
 *
 * @throws ConvoyError `CONVOY_MEMORY` when it does not fit.
 */
export function createRunArena(
  layout: RunLayout,
  scratch: { readonly blocks: number; readonly floats: number },
): Arena {
  const plan = new ArenaPlan();
  plan.add(slotNames.weights, 'float32', layout.trainableLength + layout.movingLength + layout.frozenLength);
  const own = ownShards(layout);
  for (let shard = own.begin; shard < own.end; shard++) {
    plan.add(slotNames.gradients(shard), 'float32', layout.trainableLength);
  }
  // One behind the other: ranks of a cluster exchange them.
  for (let shard = 0; shard < layout.shards; shard++) {
    plan.add(slotNames.moving(shard), 'float32', layout.movingLength);
  }
  const rows = layout.shards * layout.shardRows;
  for (const { index, words, outputs } of layout.factors) {
    plan.add(slotNames.inputFactors(index), 'int32', rows * words);
    plan.add(slotNames.gradientFactors(index), 'float32', rows * outputs);
  }
  if (layout.factors.length > 0) {
    plan.add(slotNames.rowShares, 'float32', rows);
    for (let block = 0; block < scratch.blocks; block++)
      plan.add(slotNames.product(block), 'float32', productLength(layout));
  }
  plan.add(slotNames.stats, 'float32', layout.slots * layout.shards * statsLength);
  plan.add(slotNames.barrier, 'int32', barrierHead + layout.shards);
  for (const state of layout.optimizerStates) {
    plan.add(slotNames.optimizer(state), 'float32', layout.trainableLength);
  }
  plan.add(slotNames.reduced, 'float32', layout.trainableLength);
  if (layout.stagingLength !== undefined) plan.add(slotNames.staging, 'float32', layout.stagingLength);
  plan.add(slotNames.scratch, 'float32', scratch.blocks * scratch.floats);
  for (let slot = 0; slot < layout.slots; slot++) {
    const whole = slot < (layout.training?.slots ?? 0) ? (layout.training?.capacity ?? 0) : layout.capacity;
    const capacity = slotSamples(whole, layout.shards, own);
    plan.add(slotNames.pixels(slot), 'uint8', capacity * layout.imageBytes);
    if (layout.featureLength !== undefined) {
      plan.add(slotNames.features(slot), 'float32', capacity * layout.featureLength);
    }
    plan.add(slotNames.targets(slot), layout.target.type, capacity * targetLength(layout.target));
    plan.add(slotNames.outputs(slot), 'float32', capacity * layout.outputLength);
  }
  return plan.create();
}

/** The shards that this process computes. */
export function ownShards({ ownShards, shards }: Pick<RunLayout, 'ownShards' | 'shards'>): ShardSpan {
  return ownShards ?? { begin: 0, end: shards };
}

/** Samples that some shards of a batch have at most: shards differ by one. */
function slotSamples(capacity: number, shards: number, { begin, end }: ShardSpan): number {
  return Math.min(capacity, (end - begin) * Math.ceil(capacity / shards));
}

/** Elements of a shape. */
export function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}
