import { createHash } from 'node:crypto';
import { valueError } from '../base/errors.js';
import { type EpochRecord, monitored } from '../callbacks/index.js';
import { monitorMode } from '../contracts/index.js';
import { readWeights } from '../coordinator/index.js';
import type { TrainSummary } from '../run/index.js';
import type { Runtime } from '../runtime/index.js';
import { targetOf } from './run-callbacks.js';
import type { TrainingState } from './training-state.js';

/** From this share of waiting on, a run says what would help. */
const longWait = 0.05;

/**
 * What a run came to.
 *
 * @throws ConvoyError `CONVOY_OPTION` when it had no epoch to do.
 */
export function summarize(
  runtime: Runtime,
  { history, epoch, seconds, stopped, restored }: TrainingState,
): TrainSummary {
  const { config, datasets, engine, workers, shards, layout } = runtime;
  const final = restored === undefined ? history.at(-1) : history.find((record) => record.epoch === restored);
  if (final?.test === undefined)
    throw valueError('--epochs', 'more epochs than the run has already done', config.epochs);
  const trained = sum(history, (record) => trainingSeconds(record));
  const dataWait = sum(history, ({ phases }) => phases.data) / trained;
  const advice = adviceOn(dataWait, runtime);
  return {
    ...(config.recipe === undefined ? {} : { recipe: config.recipe }),
    dataset: datasets.train.name,
    model: config.model.name,
    epochs: epoch,
    ...(restored === undefined ? {} : { restoredEpoch: restored }),
    test: final.test,
    ...(final.validation && { validation: final.validation }),
    train: final.train,
    bestTestAccuracy: Math.max(...history.map(({ test }) => test?.accuracy ?? 0)),
    imagesPerSecond: sum(history, (record) => record.imagesPerSecond * trainingSeconds(record)) / trained,
    seconds,
    workers,
    shards,
    engine,
    precision: config.precision,
    parameters: layout.parameters.reduce((total, { length }) => total + length, 0),
    weightsSha256: weightsSha256(runtime),
    dataWait,
    ...(datasets.badImages?.length ? { skippedImages: datasets.badImages.length } : {}),
    ...(advice === undefined ? {} : { advice }),
    ...(config.target === undefined ? {} : { target: verdict(config.target, final) }),
    ...(stopped === undefined ? {} : { stopped }),
  };
}

/** SHA-256 over the raw float32 weights in model order, hexadecimal. */
export function weightsSha256({ arena, layout }: Pick<Runtime, 'arena' | 'layout'>): string {
  const hash = createHash('sha256');
  for (const values of readWeights(arena, layout)) {
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.digest('hex');
}

function verdict(
  target: NonNullable<Runtime['config']['target']>,
  record: EpochRecord,
): NonNullable<TrainSummary['target']> {
  const { monitor, value } = targetOf(target, 'test.accuracy');
  const found = monitored(record, monitor);
  const reached = monitorMode(monitor) === 'max' ? found >= value : found <= value;
  return target.accuracy === undefined ? { monitor, value, reached } : { accuracy: target.accuracy, reached };
}

function adviceOn(dataWait: number, { config }: Runtime): string | undefined {
  if (dataWait <= longWait) return undefined;
  const share = `training waited for data for ${(dataWait * 100).toFixed(0)}% of the time`;
  return config.augment === undefined || config.augment.length === 0
    ? `${share}: images decode slower than they train; give --image-size to keep them decoded in memory, or more --augment-workers`
    : `${share}: try more --augment-workers (and fewer --workers), or fewer transforms`;
}

function trainingSeconds({ seconds, phases }: EpochRecord): number {
  return seconds - phases.evaluation;
}

function sum<Item>(items: readonly Item[], value: (item: Item) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
