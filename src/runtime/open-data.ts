import { dropBadImages } from '../../augment/stage/index.js';
import type { Dataset } from '../contracts/index.js';
import { checkSkipped, openDataset } from '../data/index.js';
import type { Datasets, RuntimeOptions } from './contract.js';

/**
 * The splits of the configuration's dataset, without the images that cannot be decoded where these are to be skipped.
 *
 * @throws ConvoyError `CONVOY_DATA`, `CONVOY_OPTION`.
 */
export async function openData({ config, dataDir, signal, onNote, onProgress }: RuntimeOptions): Promise<Datasets> {
  const opened = await openDataset({
    name: config.dataset,
    seed: config.seed,
    validationSplit: config.validationSplit,
    onBadImage: config.onBadImage,
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(config.classes === undefined ? {} : { classes: config.classes }),
    ...(config.task === undefined ? {} : { task: config.task }),
    ...(config.fold === undefined ? {} : { fold: config.fold }),
    ...(config.limit === undefined ? {} : { limit: config.limit }),
    ...(config.testLimit === undefined ? {} : { testLimit: config.testLimit }),
    ...(config.imageSize === undefined ? {} : { imageSize: config.imageSize }),
    ...(config.columns === undefined ? {} : { columns: config.columns }),
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  });
  for (const note of opened.notes) onNote?.(note);
  const badImages = [...opened.badImages];
  const usable = async (dataset: Dataset): Promise<Dataset> => {
    if (config.onBadImage === 'fail') return dataset;
    const checked = await dropBadImages(dataset);
    badImages.push(...checked.bad.map(({ file, reason }) => ({ file, reason })));
    return checked.dataset;
  };
  const datasets = {
    train: await usable(opened.train),
    test: await usable(opened.test),
    ...(opened.validation && { validation: await usable(opened.validation) }),
    ...(opened.validationIndices && { validationIndices: opened.validationIndices }),
    badImages,
  };
  checkSkipped(config.dataset, badImages, opened.imageCount);
  for (const { file, reason } of badImages) onNote?.(`skipped ${file}: ${reason}`);
  return datasets;
}
