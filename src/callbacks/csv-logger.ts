import { existsSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { diskError, writeFileAtomic } from '../base/atomic-file.js';
import { valueError } from '../base/errors.js';
import type { MetricName } from '../contracts/index.js';
import type { Callback, EpochRecord } from './contract.js';

/** Options of `csvLogger`. */
export interface CsvLoggerOptions {
  /** File to write; its folder must exist. */
  readonly path: string;
}

const columns: Readonly<Record<string, (record: EpochRecord) => number | undefined>> = {
  epoch: (record) => record.epoch,
  steps: (record) => record.steps,
  learningRate: (record) => record.learningRate,
  'train.loss': (record) => record.train.loss,
  'train.accuracy': (record) => record.train.accuracy,
  'validation.loss': (record) => record.validation?.loss,
  'validation.accuracy': (record) => record.validation?.accuracy,
  'test.loss': (record) => record.test?.loss,
  'test.accuracy': (record) => record.test?.accuracy,
  imagesPerSecond: (record) => record.imagesPerSecond,
  seconds: (record) => record.seconds,
  'seconds.data': (record) => record.phases.data,
  'seconds.gradients': (record) => record.phases.gradients,
  'seconds.allReduce': (record) => record.phases.allReduce,
  'seconds.optimizer': (record) => record.phases.optimizer,
  'seconds.evaluation': (record) => record.phases.evaluation,
};

type Column = (record: EpochRecord) => number | undefined;

/** The columns of every run, then those of the metrics that this one computes. */
function columnsWith(metrics: readonly MetricName[]): Readonly<Record<string, Column>> {
  const more = (['validation', 'test'] as const).flatMap((split) =>
    metrics.map((name): [string, Column] => [`${split}.${name}`, (record) => defined(record[split]?.[name])]),
  );
  return { ...columns, ...Object.fromEntries(more) };
}

/** Without a metric that is not defined: NaN, or null in the history of a checkpoint. */
function defined(value: number | null | undefined): number | undefined {
  return value === null || Number.isNaN(value) ? undefined : value;
}

function line(record: EpochRecord, shown: Readonly<Record<string, Column>>): string {
  const cells = Object.values(shown).map((value) => value(record) ?? '');
  return `${cells.join(',')}\n`;
}

/**
 * Writes a line of comma-separated values after every epoch, appended in one write. A resumed run first rewrites the
 * file from the checkpoint's history, so that epochs done again are not in it twice.
 *
 * @throws ConvoyError `CONVOY_OPTION` when a new run would overwrite a file, `CONVOY_DISK` when it cannot be written.
 */
export function csvLogger({ path }: CsvLoggerOptions): Callback {
  let shown = columnsWith([]);
  return {
    name: 'csvLogger',
    async onTrainBegin({ history, metrics = [] }) {
      if (history.length === 0 && existsSync(path)) {
        throw valueError('csvLogger.path', 'a file that does not exist yet, unless the run is resumed', path);
      }
      shown = columnsWith(metrics);
      const lines = history.map((record) => line(record, shown));
      await writeFileAtomic(path, [`${Object.keys(shown).join(',')}\n`, ...lines]);
    },
    async onEpochEnd(record) {
      try {
        await appendFile(path, line(record, shown));
      } catch (error) {
        throw diskError(path, error);
      }
    },
  };
}
