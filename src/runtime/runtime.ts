import { valueError } from '../base/errors.js';
import { baseLearningRate, type SettledConfig } from '../config/index.js';
import { BatchShare, Coordinator, GradientPool, spinTime } from '../coordinator/index.js';
import { ownShards } from '../memory/index.js';
import { keptLength } from '../models/index.js';
import { availableCores, loadNative } from '../native/index.js';
import { createSchedule, type Schedule } from '../schedules/index.js';
import type { Runtime, RuntimeInternals, RuntimeOptions } from './contract.js';
import { engineSource } from './engine-source.js';
import { withEqualRows } from './equal-rows.js';
import { openData } from './open-data.js';
import { openMemory } from './open-memory.js';
import { openNetwork } from './open-network.js';
import { openSampler } from './open-sampler.js';
import { openAugmentStage, openStages } from './open-stages.js';
import { planSlots } from './slots.js';
import { clusterSettings, settleSettings } from './tuned-settings.js';

/**
 * Opens data, model, memory, workers and stages of a run.
 *
 * @throws ConvoyError for whatever cannot be opened; nothing is left running.
 */
export async function openRuntime(options: RuntimeOptions, internals: RuntimeInternals = {}): Promise<Runtime> {
  const { onNote } = options;
  const tunable = options.model === undefined && options.datasets === undefined;
  const { cluster } = internals;
  const chosen = await settle(options, tunable, cluster);
  const { workers, augmentWorkers } = chosen;
  if (chosen.tuned) onNote?.(`${workers} workers, ${chosen.shards} shards and their threads as convoy tune found them`);
  if (chosen.leftOut !== undefined) {
    const { intraOpThreads } = chosen.leftOut;
    const asked = `intraOpThreads: ${intraOpThreads} asks for them`;
    onNote?.(`convoy tune found ${intraOpThreads} threads inside ops quicker, which change a run's bits: ${asked}`);
  }
  const native = await loadNative(chosen.threads);
  const datasets = withEqualRows(options.datasets ?? (await openData(options)));
  internals.onData?.(datasets);
  const { train } = datasets;
  // Only shards that a person asked for may be more than there are images for.
  const shards = options.config.shards ?? Math.min(chosen.shards, train.count);
  const settings = { ...chosen, shards };
  const network = await openNetwork(options, internals, train);
  const { model, spec } = network;
  const { config, order } = await openSampler(network.config, train);
  if (shards > train.count) throw valueError('shards', `at most ${train.count} (the training samples)`, shards);
  const { cacheFeatures, kernels } = internals;
  const { source, parts } = await engineSource({ config, native, model, spec, shards, onNote, cacheFeatures, kernels });
  const plan = planSlots(config, train, parts !== undefined, keptLength(spec, model));
  const memory = openMemory({ network, settings, source, parts, plan, cluster: cluster?.cluster });
  const { arena, layout, kernel, slices, optimizer } = memory;
  const schedule = openSchedule(config, train.count, internals.scheduledEpochs);

  // Threads come last: what goes wrong before them leaves nothing running.
  const patience = { minutes: config.workerTimeoutMinutes, signal: options.signal };
  const share = cluster && new BatchShare(shards, ownShards(layout));
  const augmented = await openAugmentStage({ network, train, memory, settings, patience, share });
  const spin = spinTime(workers + (plan.staged ? 1 : 0), availableCores());
  const pool = new GradientPool({
    workers,
    patience,
    setup: {
      arena: arena.handle,
      layout,
      spec,
      seed: config.seed,
      engine: source,
      kernel: kernel.describe(),
      spin,
    },
    onRetry: (task, error) => onNote?.(`a worker failed on a ${task.kind} task, which is done again: ${error.message}`),
    ...(internals.workerFile === undefined ? {} : { workerFile: internals.workerFile }),
  });
  const coordinator = new Coordinator({ arena, layout, pool, kernel, slices, cluster });
  const opened = { options, datasets, spec, native, memory, settings, coordinator, augmented, patience, parts };
  const { stage, prepare, evaluationStage, close: closeStages } = openStages(opened);
  let closed: Promise<void> | undefined;
  return {
    config,
    datasets,
    model,
    native,
    spec,
    layout,
    arena,
    workers,
    augmentWorkers,
    shards,
    engine: source.kind,
    optimizer,
    schedule,
    pool,
    coordinator,
    stage,
    order,
    trainSlots: memory.trainSlots,
    evaluationSlots: memory.evaluationSlots,
    prepare,
    evaluationStage,
    close: () => (closed ??= Promise.all([closeStages(), pool.close()]).then(() => void model.dispose())),
  };
}

function settle(
  { config, onNote }: RuntimeOptions,
  tunable: boolean,
  cluster: RuntimeInternals['cluster'],
): ReturnType<typeof settleSettings> {
  return cluster === undefined
    ? settleSettings(config, tunable, onNote)
    : Promise.resolve(clusterSettings(config, cluster.cluster));
}

/** The learning rate over `epochs` epochs, all of the configuration's unless others are given. */
export function openSchedule(config: SettledConfig, samples: number, epochs = config.epochs): Schedule {
  const stepsPerEpoch = Math.ceil(Math.ceil(samples / config.batchSize) / config.accumulate);
  const totalSteps = stepsPerEpoch * epochs;
  return createSchedule(config.schedule, { baseLearningRate: baseLearningRate(config), totalSteps, stepsPerEpoch });
}
