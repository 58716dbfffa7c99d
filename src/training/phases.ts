import { combinationError } from '../base/errors.js';
import type { LayersModel } from '../base/tf.js';
import type { RunConfig } from '../config/index.js';
import { loadArchitecture } from '../models/index.js';
import { openRuntime, type Runtime, type RuntimeInternals, type RuntimeOptions } from '../runtime/index.js';
import { freezeUntil, parseFreeze } from '../transfer/index.js';

/** A part of a run with frozen layers, learning rate and schedule of its own; the optimizer begins anew with it. */
export interface Phase {
  /** The run's configuration with the phase's own options. */
  readonly config: RunConfig;
  /** Its epochs, from 0: from `first` until before `end`. */
  readonly first: number;
  readonly end: number;
}

/** The phase that an epoch (from 0) belongs to; a run without phases is one phase. */
export function phaseAt(config: RunConfig, epoch: number): Phase {
  let first = 0;
  for (const { epochs, schedule = config.schedule, ...own } of config.phases ?? []) {
    const end = first + epochs;
    if (epoch < end || end === config.epochs) return { config: { ...config, ...own, schedule }, first, end };
    first = end;
  }
  return { config, first, end: config.epochs };
}

/** A configuration for a few steps that measure or compare: that of the first phase, at a constant learning rate. */
export function shortened(config: RunConfig): RunConfig {
  const { phases: _, ...first } = phaseAt(config, 0).config;
  return { ...first, schedule: { name: 'constant' } };
}

/** What opening a phase needs besides its configuration. */
export type PhaseOptions = Omit<RuntimeOptions, 'config'>;

/**
 * Opens a phase.
 *
 * @param internals.recorded the network of a run that goes on; undefined at its start.
 * @throws ConvoyError as `openRuntime`, and `CONVOY_OPTION` for phases of a model made in code.
 */
export async function openPhase(
  { config, first, end }: Phase,
  options: PhaseOptions,
  { recorded = async () => undefined, ...internals }: RuntimeInternals,
): Promise<Runtime> {
  const opening = { ...options, config };
  if (config.phases === undefined) return openRuntime(opening, { ...internals, recorded, cacheFeatures: true });
  if (options.model !== undefined)
    throw combinationError('phases', 'excludes', 'a model made in code: give a base by name, run or file');
  const frozen = async (): Promise<LayersModel | undefined> => {
    const model = await recorded();
    if (model !== undefined) freezeUntil(model, parseFreeze(config.freeze ?? 'base'));
    return model;
  };
  const scheduledEpochs = end - first;
  return openRuntime(opening, { ...internals, scheduledEpochs, recorded: frozen, cacheFeatures: true });
}

/** Closes a runtime and opens one for the same network and data with the next phase's layers frozen. */
export async function nextPhase(
  runtime: Runtime,
  phase: Phase,
  options: PhaseOptions,
  internals: RuntimeInternals = {},
): Promise<Runtime> {
  const { workers, augmentWorkers, shards, datasets } = runtime;
  const { normalize } = runtime.config;
  const architecture: unknown = runtime.model.toJSON(undefined, false);
  await runtime.close();
  const config = { ...phase.config, workers, augmentWorkers, shards, normalize };
  const recorded = async () => loadArchitecture(architecture, 'the phase before');
  return openPhase({ ...phase, config }, { ...options, datasets }, { ...internals, recorded });
}
