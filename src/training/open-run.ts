import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { choiceError } from '../base/errors.js';
import { type RunConfig, resolveConfig } from '../config/index.js';
import type { Dataset, LossSpec } from '../contracts/index.js';
import { availableCores } from '../native/index.js';
import { RunFolder, readCheckpoint, readRecord, takeAveragedWeights } from '../run/index.js';
import { onThisProcessor, openRuntime, type Runtime, type RuntimeOptions } from '../runtime/index.js';
import { normalizationOf } from '../transfer/index.js';
import { needSameArchitecture } from './same-run.js';
import { restoreWeights } from './training-state.js';
import { needTrust } from './trust.js';

export interface OpenRunOptions extends Omit<RuntimeOptions, 'config'> {
  /** Run folder. */
  readonly run: string;
  /** Which checkpoint: `last`, `best`, or another name below `checkpoints/`; default: the one with the weights that the run ended with. */
  readonly checkpoint?: string;
  /** Run code that the folder names: the module of its loss. Default: refuse. */
  readonly trustCode?: boolean;
  /** Options that do not change what the model is: workers, dataset... */
  readonly overrides?: Partial<Pick<RunConfig, 'workers' | 'dataset' | 'limit' | 'engine'>>;
}

/**
 * Opens a run's model with its trained weights (averaged ones where the optimizer kept them), ready to evaluate; no transforms,
 * one shard a worker.
 *
 * @throws ConvoyError when the folder holds no run, or its checkpoint is damaged.
 */
export async function openRun({ overrides = {}, trustCode = false, ...options }: OpenRunOptions): Promise<Runtime> {
  const config = await recordedConfigOf(options.run, overrides);
  needTrust(config, options.run, trustCode);
  return openWith(options, config);
}

/**
 * The same, only to predict: the data that the run was trained on need not be there, and no code is run that it names.
 *
 * @returns the loss that it was trained with too, which says what the outputs mean.
 */
export async function openRunToPredict(
  options: Omit<OpenRunOptions, 'overrides' | 'datasets' | 'trustCode'>,
): Promise<{ readonly runtime: Runtime; readonly loss: LossSpec }> {
  const config = await recordedConfigOf(options.run, {});
  // No loss is computed; this one goes with every network.
  const withoutLoss: RunConfig = { ...config, loss: { name: 'meanSquaredError' } };
  if (!existsSync(join(options.run, 'record.json'))) {
    // A run of an older version: classes and image size are known from its data alone.
    const runtime = await openWith(options, withoutLoss);
    return { runtime, loss: config.loss as LossSpec };
  }
  const { classes, image, preprocess, loss, targets, dataset } = await readRecord(options.run);
  const count = availableCores();
  const pixels = new Uint8Array(new SharedArrayBuffer(count * image.height * image.width * image.channels));
  const empty: Dataset = {
    name: dataset.name,
    split: 'train',
    count,
    classes,
    shape: image,
    store: { kind: 'pixels', pixels },
    targets:
      targets === 'classes'
        ? { kind: 'classes', labels: new Int32Array(new SharedArrayBuffer(count * 4)) }
        : { kind: 'multi-label', values: new Float32Array(new SharedArrayBuffer(count * classes.length * 4)) },
    fingerprint: '',
  };
  const datasets = { train: empty, test: empty };
  const normalize = normalizationOf(preprocess);
  const runtime = await openWith({ ...options, datasets }, { ...withoutLoss, normalize });
  return { runtime, loss: loss as LossSpec };
}

async function recordedConfigOf(run: string, overrides: NonNullable<OpenRunOptions['overrides']>): Promise<RunConfig> {
  const {
    augment: _,
    shards: __,
    intraOpThreads: ___,
    interOpThreads: ____,
    ...recorded
  } = (await RunFolder.open(run).readConfig()) as RunConfig;
  return resolveConfig(
    { where: `${run}/config.json`, input: { ...recorded, workers: 'auto' } },
    { where: '', input: overrides },
  );
}

async function openWith(
  { run, checkpoint: wanted, ...options }: Omit<OpenRunOptions, 'overrides' | 'trustCode'>,
  config: RunConfig,
): Promise<Runtime> {
  const folder = RunFolder.open(run);
  const checkpoint = wanted ?? (await folder.finalCheckpoint());
  const file = folder.checkpoint(checkpoint);
  if (!existsSync(file)) throw choiceError('--checkpoint', checkpoint, { known: await folder.checkpoints() });
  const message = await readCheckpoint(file);
  await needSameArchitecture(folder, message, file);
  const opening = { ...options, config: onThisProcessor(config, options.onNote) };
  const runtime = await openRuntime(opening, { recorded: () => folder.readArchitecture() });
  try {
    restoreWeights(runtime, message, file);
    takeAveragedWeights(runtime);
  } catch (error) {
    await runtime.close();
    throw error;
  }
  return runtime;
}
