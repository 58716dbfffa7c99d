import { existsSync } from 'node:fs';
import { choiceError } from '../base/errors.js';
import { type RunConfig, resolveConfig } from '../config/index.js';
import { findRecord, RunFolder, readCheckpoint, takeAveragedWeights } from '../run/index.js';
import { type Datasets, onThisProcessor, openRuntime, type Runtime, type RuntimeOptions } from '../runtime/index.js';
import { compareData } from './compare-data.js';
import { needSameArchitecture } from './same-run.js';
import { restoreWeights } from './training-state.js';
import { needTrust } from './trust.js';

export interface RunRuntimeOptions extends Omit<RuntimeOptions, 'config'> {
  /** Run folder. */
  readonly run: string;
  /** Which checkpoint: `last`, `best`, or another name below `checkpoints/`; default: the one with the weights that the run ended with. */
  readonly checkpoint?: string;
  /** Run code that the folder names: the module of its loss. Default: refuse. */
  readonly trustCode?: boolean;
  /** Options that do not change what the model is: workers, dataset... */
  readonly overrides?: Partial<Pick<RunConfig, 'workers' | 'dataset' | 'limit' | 'engine' | 'testTimeFlip'>>;
}

/**
 * Opens a run's model with its trained weights (averaged ones where the optimizer kept them), ready to evaluate; no transforms, one shard a worker.
 *
 * @throws ConvoyError when the folder holds no run, its checkpoint is damaged, or the data have other classes now.
 */
export async function openRunRuntime({
  run,
  checkpoint: wanted,
  overrides,
  trustCode = false,
  ...options
}: RunRuntimeOptions): Promise<Runtime> {
  const folder = RunFolder.open(run);
  const checkpoint = wanted ?? (await folder.finalCheckpoint());
  const file = folder.checkpoint(checkpoint);
  if (!existsSync(file)) throw choiceError('--checkpoint', checkpoint, { known: await folder.checkpoints() });
  const message = await readCheckpoint(file);
  await needSameArchitecture(folder, message, file);
  const {
    augment: _,
    shards: __,
    intraOpThreads: ___,
    interOpThreads: ____,
    sampler: _____,
    ...recorded
  } = (await folder.readConfig()) as RunConfig;
  const config = resolveConfig(
    { where: `${run}/config.json`, input: { ...recorded, workers: 'auto' } },
    { where: '', input: overrides ?? {} },
  );
  needTrust(config, run, trustCode);
  const opening = { ...options, config: onThisProcessor(config, options.onNote) };
  const record = options.datasets === undefined ? await findRecord(run) : undefined;
  const onData = (datasets: Datasets): void => {
    const note = record && compareData(datasets, record);
    if (note !== undefined) options.onNote?.(note);
  };
  const runtime = await openRuntime(opening, { recorded: () => folder.readArchitecture(), onData });
  try {
    restoreWeights(runtime, message, file);
    takeAveragedWeights(runtime);
  } catch (error) {
    await runtime.close();
    throw error;
  }
  return runtime;
}
