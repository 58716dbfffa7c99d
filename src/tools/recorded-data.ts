import { ConvoyError } from '../base/errors.js';
import type { Dataset } from '../contracts/index.js';
import type { RunRecord } from '../run/index.js';
import type { Datasets } from '../runtime/index.js';

/** Samples that data without images say they have: as many as any number of workers may ask for. */
const standIns = 65_536;

/**
 * Datasets that stand for those of a run where no image of them is read: its classes and its image size, as recorded. So a
 * run predicts without its data, which may have moved or changed since.
 */
export function recordedData({ classes, image, targets, dataset }: RunRecord): Datasets {
  const of = (split: Dataset['split'], fingerprint: string): Dataset => ({
    name: dataset.name,
    split,
    count: standIns,
    classes,
    shape: image,
    store: { kind: 'pixels', pixels: new Uint8Array(new SharedArrayBuffer(0)) },
    targets:
      targets === 'classes'
        ? { kind: 'classes', labels: new Int32Array(new SharedArrayBuffer(0)) }
        : { kind: 'multi-label', values: new Float32Array(new SharedArrayBuffer(0)) },
    fingerprint,
  });
  return { train: of('train', dataset.train), test: of('test', dataset.test) };
}

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
