import { type BatchSlot, type Cluster, targetForm } from '../contracts/index.js';
import {
  batchSlot,
  initializeState,
  type SliceCount,
  shardsOfRank,
  sliceCount,
  stagingLength,
  stepRegions,
  writeWeights,
} from '../coordinator/index.js';
import type { EngineSource } from '../engine/index.js';
import { featureLength } from '../features/index.js';
import { type Arena, createRunArena, planLayout, type RunLayout, trainablePlaces } from '../memory/index.js';
import { keptLength, modelParameters } from '../models/index.js';
import { availableCores } from '../native/index.js';
import { blockFloats, createOptimizer, type Optimizer, type StepKernel } from '../optimizers/index.js';
import type { SplitModel } from '../transfer/index.js';
import { shardRows } from './engine-source.js';
import type { OpenedNetwork } from './open-network.js';
import type { SlotPlan } from './slots.js';
import type { RunSettings } from './tuned-settings.js';

/** The shared memory of a run, and the optimizer over it. */
export interface RunMemory {
  readonly layout: RunLayout;
  readonly arena: Arena;
  readonly optimizer: Optimizer;
  readonly kernel: StepKernel;
  /** Into how many slices a large optimizer step is cut. */
  readonly slices: SliceCount;
  /** Training slots, then evaluation slots. */
  readonly slots: readonly BatchSlot[];
  readonly trainSlots: readonly number[];
  readonly evaluationSlots: readonly number[];
}

export interface MemoryOptions {
  readonly network: OpenedNetwork;
  readonly settings: Pick<RunSettings, 'workers' | 'shards'>;
  readonly source: EngineSource;
  /** The two parts of a model whose base is frozen, where its features are kept. */
  readonly parts?: SplitModel | undefined;
  readonly plan: SlotPlan;
  /** Where other processes compute other shards. */
  readonly cluster?: Cluster | undefined;
}

/**
 * Plans and creates the arena, writes the initial weights and optimizer states into it, and compiles the step.
 *
 * @throws ConvoyError `CONVOY_MEMORY` where it cannot hold the run; `CONVOY_OPTION` for the optimizer's options.
 */
export function openMemory({ network, settings, source, parts, plan, cluster }: MemoryOptions): RunMemory {
  const { model, weights, config, spec } = network;
  const { workers, shards } = settings;
  const parameters = modelParameters(model).map((parameter) => parameter.spec);
  const factors = source.kind === 'compiled' ? source.graph.products : [];
  const optimizer = createOptimizer(config.optimizer, trainablePlaces(parameters, factors));
  const planned = planLayout({
    parameters,
    shards,
    ...(cluster && { ownShards: shardsOfRank(cluster, shards) }),
    slots: plan.training + plan.evaluation,
    capacity: plan.capacity,
    training: { slots: plan.training, capacity: config.batchSize },
    imageBytes: plan.imageBytes,
    ...(parts && { featureLength: featureLength(parts) }),
    target: targetForm(spec.targets, spec),
    outputLength: keptLength(spec, model),
    optimizerStates: optimizer.stateNames,
    factors,
    shardRows: shardRows(config.batchSize, shards),
  });
  const layout = cluster ? { ...planned, stagingLength: stagingLength(cluster, planned) } : planned;
  const slices = sliceCount(layout, workers, availableCores());
  const blocks = Math.max(slices.count, Math.min(workers, shards));
  const arena = createRunArena(layout, { blocks, floats: blockFloats });
  if (weights !== undefined) writeWeights(arena, layout, weights);
  initializeState(arena, layout, optimizer);
  const kernel = optimizer.bind(arena.memory, stepRegions(arena, layout));
  const numbers = Array.from({ length: layout.slots }, (_, slot) => slot);
  return {
    layout,
    arena,
    optimizer,
    kernel,
    slices,
    slots: numbers.map((slot) => batchSlot(arena, layout, slot)),
    trainSlots: numbers.slice(0, plan.training),
    evaluationSlots: numbers.slice(plan.training),
  };
}
