import { basename } from 'node:path';
import { writeFileAtomic } from '../base/atomic-file.js';
import { valueError } from '../base/errors.js';
import { type Dataset, type Split, splits } from '../contracts/index.js';
import { drawByClass, type OpenOptions, openDataset } from '../data/index.js';
import { loadNative } from '../native/index.js';
import { halfBlocks } from './half-blocks.js';
import { samplePictures } from './sample-pictures.js';

export interface DrawSamplesOptions extends OpenOptions {
  /** `train` by default. */
  readonly split?: Split | undefined;
  /** Samples to draw, at most 400; 50. */
  readonly count?: number | undefined;
  /** PNG to write; default: the dataset's name in the present folder. */
  readonly file?: string | undefined;
}

/** What `drawSamples` drew. */
export interface DrawnSamples {
  readonly file: string;
  /** Samples shown. */
  readonly count: number;
  /** The first samples for a terminal: a line of half-block characters for each two rows of pixels. */
  readonly preview: readonly string[];
  /** All splits of the dataset, for their sizes and classes. */
  readonly datasets: readonly Dataset[];
  /** What a person should know of how the dataset was read: files that cannot be used among it. */
  readonly notes: readonly string[];
}

const mostSamples = 400;
/** Samples that a terminal shows. */
const previewed = 6;

/**
 * Draws samples of a dataset with their classes as a grid, the same number of each class, which ones by the seed.
 *
 * @throws ConvoyError as `openDataset`, `CONVOY_OPTION` for a split that the dataset does not have or a count out of range,
 *   and `CONVOY_DISK` when the picture cannot be written.
 */
export async function drawSamples(options: DrawSamplesOptions): Promise<DrawnSamples> {
  const { split = 'train', count = 50, file, ...opening } = options;
  if (!Number.isInteger(count) || count < 1 || count > mostSamples)
    throw valueError('--count', `an integer from 1 to ${mostSamples}`, count);
  await loadNative(); // sharp is set up with it
  const { badImages, ...opened } = await openDataset(opening);
  const bad = badImages.map((image) => `cannot be used: ${image.file}: ${image.reason}`);
  const dataset = opened[split];
  if (dataset === undefined) {
    const there = splits.filter((name) => opened[name] !== undefined);
    throw valueError('--split', `a split that ${opening.name} has (${there.join(', ')})`, split);
  }
  const samples = drawByClass(dataset, count, opening.seed);
  const { height, width, channels } = dataset.shape;
  const { pictureGrid } = await import('../plots/index.js');
  const pictures = await samplePictures(dataset, samples);
  const grid = await pictureGrid(pictures, {
    title: dataset.name,
    captions: [
      `${samples.length} of ${dataset.count.toLocaleString('en-US')} ${split} images, ` +
        `${height}x${width}${channels === 1 ? ', grey' : ''}, ${dataset.classes.length} classes`,
    ],
    ...columnsFor(dataset),
  });
  const target = file ?? `${basename(opening.name).replace(/\.(tar(\.gz)?|tgz|npz)$/, '')}.png`;
  await writeFileAtomic(target, [grid]);
  const datasets = [opened.train, ...(opened.validation === undefined ? [] : [opened.validation]), opened.test];
  const preview = await halfBlocks(pictures.slice(0, previewed));
  return { file: target, count: samples.length, preview, datasets, notes: [...opened.notes, ...bad] };
}

/** A column holds one class: samples come in turn from each, so rows of 8 to 16 hold each class as often. */
function columnsFor({ classes, targets }: Dataset): { readonly columns?: number } {
  if (targets.kind !== 'classes') return {};
  const turns = Math.ceil(8 / classes.length);
  return classes.length * turns <= 16 ? { columns: classes.length * turns } : {};
}
