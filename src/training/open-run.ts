import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError, valueError } from '../base/errors.js';
import { refuseUnknownKeys } from '../base/validate.js';
import { resolveConfig } from '../config/index.js';
import { loadNative } from '../native/index.js';
import {
  checkpointWeights,
  RunFolder,
  readCheckpoint,
  readHistory,
  readRecord,
  type TrainSummary,
} from '../run/index.js';
import { needSameArchitecture } from './same-run.js';
import { type DataOptions, TrainedRun } from './trained-run.js';

export interface OpenRunOptions extends DataOptions {
  /** `last`, `best`, or another name below `checkpoints/`; default: the one with the weights that the run ended with. */
  readonly checkpoint?: string;
  /** Evaluation may run code that the folder names: the module of its loss. Default: refuse. */
  readonly trustCode?: boolean;
}

const known: Readonly<Record<keyof OpenRunOptions, true>> = {
  checkpoint: true,
  trustCode: true,
  dataDir: true,
  datasets: true,
  onNote: true,
  onProgress: true,
  signal: true,
};

/**
 * Opens a trained run from its folder, without its training data: predicts at once, and evaluates where the data are found.
 *
 * @throws ConvoyError `CONVOY_CHECKPOINT` when the folder holds no run, or a file of it is missing or damaged.
 */
export async function openRun(folder: string, options: OpenRunOptions = {}): Promise<TrainedRun> {
  if (typeof folder !== 'string') throw valueError('openRun', 'a run folder', folder);
  refuseUnknownKeys('openRun', options, Object.keys(known));
  const { checkpoint, trustCode = false, ...data } = options;
  const run = RunFolder.open(folder);
  const config = resolveConfig({ where: `${folder}/config.json`, input: await run.readConfig() });
  const record = await readRecord(folder);
  await loadNative(); // models are made on its backend
  const model = await run.readArchitecture();
  if (model === undefined)
    throw fileError('CONVOY_CHECKPOINT', folder, 'architecture.json', 'the network of the run', 'none');
  try {
    const file = run.checkpoint(checkpoint ?? (await run.finalCheckpoint()));
    const message = await readCheckpoint(file);
    await needSameArchitecture(run, message, file);
    const weights = checkpointWeights(message, model, file);
    const summary = await readSummary(folder);
    const architecture: unknown = JSON.parse(JSON.stringify(model.toJSON(undefined, false)));
    const history = await readHistory(folder);
    return new TrainedRun(
      { config, record, architecture, weights, history, folder, trustCode, ...(summary && { summary }) },
      data,
    );
  } finally {
    model.dispose();
  }
}

async function readSummary(folder: string): Promise<TrainSummary | undefined> {
  const text = await readFile(join(folder, 'summary.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as TrainSummary;
  } catch (error) {
    throw fileError('CONVOY_CHECKPOINT', join(folder, 'summary.json'), '', 'JSON', (error as Error).message, error);
  }
}
