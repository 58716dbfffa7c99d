import { ConvoyError } from '../base/errors.js';
import type { RunRecord } from '../run/index.js';
import type { Datasets } from '../runtime/index.js';

/**
 * Compares the data that were opened with those that the run recorded.
 *
 * @returns a note where images are others than at training.
 * @throws ConvoyError `CONVOY_DATA` where classes are others: figures would be of wrong names.
 */
export function compareData({ train, test }: Datasets, { classes, dataset }: RunRecord): string | undefined {
  if (train.classes.join('\n') !== classes.join('\n')) {
    const message =
      `${dataset.name}: expected the classes that the run was trained on, ${classes.join(', ')}, but found ` +
      `${train.classes.join(', ')}; the folder has changed since`;
    throw new ConvoyError('CONVOY_DATA', message, { place: dataset.name });
  }
  if (train.fingerprint === dataset.train && test.fingerprint === dataset.test) return undefined;
  return `the images of ${dataset.name} are others than when the run was trained`;
}
