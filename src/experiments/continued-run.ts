import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConvoyError, fileError } from '../base/errors.js';
import type { EpochRecord } from '../callbacks/index.js';
import type { ConfigInput } from '../config/index.js';
import type { TrainSummary } from '../run/index.js';
import { Trainer, type TrainerOptions } from '../training/index.js';

/** How the trainings of an experiment are opened and followed; not where. */
export type ExperimentTraining = Omit<
  TrainerOptions,
  'config' | 'out' | 'resume' | 'trustCode' | 'trace' | 'watchers' | 'callbacks'
>;

/**
 * Trains in a folder from where it is: a run that has ended is not trained again, one that was stopped goes on from its last
 * checkpoint, and where there is none one begins. A consumer that stops early leaves a checkpoint of the last epoch.
 *
 * @param folder of the run.
 * @throws ConvoyError as `Trainer.run`.
 */
export async function* continuedRun(
  folder: string,
  config: ConfigInput,
  training: ExperimentTraining,
): AsyncGenerator<EpochRecord, TrainSummary, void> {
  const ended = await endOf(folder);
  if (ended !== undefined) return ended;
  const place = existsSync(join(folder, 'config.json'))
    ? { resume: folder, trustCode: true } // the caller has given the same code for all runs
    : { config, out: folder };
  const run = yield* new Trainer({ ...training, ...place }).run();
  return run.summary;
}

/** An abort within an experiment, told as one of the whole: the same call goes on. */
export function stoppedWithin(error: unknown, where: string): unknown {
  if (!(error instanceof ConvoyError) || error.code !== 'CONVOY_ABORTED') return error;
  const message = `Stopped in ${where}; the same command again goes on from here`;
  return new ConvoyError('CONVOY_ABORTED', message, error.details, error);
}

/**
 * What a run came to; undefined for one that has not ended.
 *
 * @throws ConvoyError `CONVOY_CHECKPOINT` when the file is damaged.
 */
export async function endOf(folder: string): Promise<TrainSummary | undefined> {
  const file = join(folder, 'summary.json');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as TrainSummary;
  } catch (error) {
    throw fileError('CONVOY_CHECKPOINT', file, '', 'JSON', (error as Error).message, error);
  }
}
