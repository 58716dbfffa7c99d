import type { LayersModel, SymbolicTensor } from '../../src/base/tf.js';
import { type StepSpec, statsLength, targetForm } from '../../src/contracts/index.js';
import type { ShardTask } from '../../src/engine/index.js';
import { type Arena, createRunArena, planLayout, type RunLayout, slotNames } from '../../src/memory/index.js';
import { keptLength } from '../../src/models/outputs.js';
import { modelParameters } from '../../src/models/parameters.js';
import { precisionOf } from '../../src/runtime/step-spec.js';

/** The memory of a run small enough for one test: layout, arena, weights and one batch. */
export interface EngineRun {
  readonly layout: RunLayout;
  readonly arena: Arena;
  readonly spec: StepSpec;
}

/** Specification of a step for a model of one input image. */
export function stepSpec(model: LayersModel, options: Partial<StepSpec> = {}): StepSpec {
  const [, height, width, channels] = (model.inputs[0] as SymbolicTensor).shape as [null, number, number, number];
  const classes = model.outputs[0]?.shape.at(-1) as number;
  return {
    loss: { name: 'crossEntropy' },
    preprocess: { scale: Array<number>(channels).fill(1 / 255), offset: Array<number>(channels).fill(0) },
    ...precisionOf(options.precision ?? 'float32'),
    targets: 'classes',
    classes,
    image: { height, width, channels },
    ...options,
  };
}

/** Plans and allocates a run's memory for a model. */
export function engineRun(
  model: LayersModel,
  spec: StepSpec,
  options: { shards?: number; capacity?: number; slots?: number; optimizerStates?: readonly string[] } = {},
): EngineRun {
  const layout = planLayout({
    parameters: modelParameters(model).map((parameter) => parameter.spec),
    shards: options.shards ?? 1,
    slots: options.slots ?? 1,
    capacity: options.capacity ?? 64,
    imageBytes: spec.image.height * spec.image.width * spec.image.channels,
    target: targetForm(spec.targets, spec),
    outputLength: keptLength(spec, model),
    optimizerStates: options.optimizerStates ?? [],
  });
  return { layout, arena: createRunArena(layout, { blocks: 1, floats: 1 << 16 }), spec };
}

/** Writes weights given by parameter name. */
export function setWeights({ layout, arena }: EngineRun, values: ReadonlyMap<string, Float32Array>): void {
  for (const { name, offset, length } of layout.parameters) {
    const value = values.get(name);
    if (value === undefined) throw new Error(`no value for ${name}; there are ${[...values.keys()].join(', ')}`);
    arena.float32(arena.slot(slotNames.weights), offset, length).set(value);
  }
}

/** Writes one batch into a slot. */
export function setBatch({ arena }: EngineRun, slot: number, pixels: Uint8Array, labels: ArrayLike<number>): void {
  arena.uint8(arena.slot(slotNames.pixels(slot)), 0, pixels.length).set(pixels);
  arena.int32(arena.slot(slotNames.targets(slot)), 0, labels.length).set(labels);
}

/** A task over a whole slot or a part of it. */
export function shardTask(count: number, options: Partial<ShardTask> = {}): ShardTask {
  return { step: 0, shard: 0, slot: 0, begin: 0, count, ...options };
}

/** A shard's gradients by parameter name. */
export function readGradients({ layout, arena }: EngineRun, shard = 0): Map<string, Float32Array> {
  const slot = arena.slot(slotNames.gradients(shard));
  return new Map(
    layout.parameters.filter((p) => p.trainable).map((p) => [p.name, arena.float32(slot, p.offset, p.length).slice()]),
  );
}

/** A shard's new moving statistics by parameter name. */
export function readMoving({ layout, arena }: EngineRun, shard = 0): Map<string, Float32Array> {
  const slot = arena.slot(slotNames.moving(shard));
  return new Map(
    layout.parameters
      .filter((p) => !p.trainable && p.updatedByForward)
      .map((p) => [p.name, arena.float32(slot, p.offset - layout.trainableLength, p.length).slice()]),
  );
}

/** A task's statistics line. */
export function readStats({ layout, arena }: EngineRun, slot = 0, shard = 0): Float32Array {
  return arena.float32(arena.slot(slotNames.stats), (slot * layout.shards + shard) * statsLength, statsLength).slice();
}

/** Largest difference of two tensors in units of the larger one's largest element. */
export function relativeDifference(actual: Float32Array, expected: Float32Array): number {
  let difference = 0;
  let size = 0;
  for (const [index, value] of expected.entries()) {
    difference = Math.max(difference, Math.abs((actual[index] ?? Number.NaN) - value));
    size = Math.max(size, Math.abs(value));
    if (Number.isNaN(actual[index] ?? Number.NaN)) return Number.POSITIVE_INFINITY;
  }
  return size === 0 ? difference : difference / size;
}
