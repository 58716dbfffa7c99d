import { z } from 'zod';
import { ConvoyError, unknownKeyError, valueError } from '../base/errors.js';
import { type PixelSize, type Task, tasks } from '../contracts/index.js';
import type { Fold } from './folds.js';

/** How far a long piece of work has come; `total` is 0 while unknown. */
export interface DataProgress {
  /** What is done, for a person: `drawing shapes`, `downloading train-images-idx3-ubyte.gz`. */
  readonly what: string;
  readonly done: number;
  readonly total: number;
  readonly unit: 'images' | 'bytes';
}

/** An image that was left out, and why. */
export interface BadImage {
  readonly file: string;
  readonly reason: string;
}

/** What a column of a table (or a feature of an example) may hold. */
export const columnRoles = ['image', 'label', 'split', 'height', 'width', 'channels'] as const;
export type ColumnRole = (typeof columnRoles)[number];

/** Names of columns or features by what they hold; the usual names stand for those that are not given. */
export type Columns = { readonly [Role in ColumnRole]?: string | undefined };

/** What `openDataset` opens, and how. */
export interface OpenOptions {
  /** Name in the catalog, or path of an image folder or tar(.gz) archive. */
  readonly name: string;
  /** Folder to look in, and nowhere else. */
  readonly dataDir?: string;
  /** Decides the validation split, and the test split of an image folder without one. */
  readonly seed: number;
  /** Only samples of these classes, by name or place, renumbered in this order; before `limit`. */
  readonly classes?: readonly (string | number)[];
  /** Keep the first N training samples. */
  readonly limit?: number;
  /** Keep the first N test samples. */
  readonly testLimit?: number;
  /** Share of the training samples (after `limit`) to hold out, class by class; from 0 to below 1. */
  readonly validationSplit?: number;
  /** What the data are for: tells apart folders that serve several tasks. `reconstruction` takes any images as their own targets. */
  readonly task?: Task;
  /** Instead: hold out one of several folds of the training samples, class by class. */
  readonly fold?: Fold;
  /** Size that all images are brought to: side of a square, or height and width. */
  readonly imageSize?: number | readonly [height: number, width: number];
  /**
   * Names of the columns of a table or a Parquet file, of the keys of JSON lines, or of the features of TFRecord: `image` (a
   * path or an image), `label`; of tables `split`; of raw pixels in TFRecord `height`, `width`, `channels`.
   */
  readonly columns?: Columns;
  /** Whether a dataset that is not found may be downloaded; default true. */
  readonly download?: boolean;
  /** What to do with an image that cannot be decoded; default `fail`. */
  readonly onBadImage?: 'fail' | 'skip';
  readonly onProgress?: (progress: DataProgress) => void;
  readonly signal?: AbortSignal;
}

const side = z.int().min(1).max(4096);
const rules: Readonly<Record<string, { readonly schema: z.ZodType; readonly expected: string }>> = {
  name: { schema: z.string().min(1), expected: 'a dataset name or path' },
  dataDir: { schema: z.string().min(1).optional(), expected: 'a folder' },
  seed: { schema: z.int().nonnegative(), expected: 'a non-negative integer' },
  classes: {
    schema: z
      .array(z.union([z.string().min(1), z.int().nonnegative()]))
      .min(2)
      .optional(),
    expected: 'names or places of at least two classes',
  },
  limit: { schema: z.int().positive().optional(), expected: 'a positive integer' },
  testLimit: { schema: z.int().positive().optional(), expected: 'a positive integer' },
  validationSplit: { schema: z.number().min(0).lt(1).optional(), expected: 'a number from 0 to below 1' },
  fold: {
    schema: z
      .strictObject({ index: z.int().positive(), of: z.int().min(2) })
      .refine(({ index, of }) => index <= of)
      .optional(),
    expected: '{ index, of } with an index from 1 to the number of folds, at least 2,',
  },
  imageSize: {
    schema: z.union([side, z.tuple([side, side])]).optional(),
    expected: 'an integer from 1 to 4096, or a pair [height, width] of them,',
  },
  columns: {
    schema: z
      .strictObject(Object.fromEntries(columnRoles.map((role) => [role, z.string().min(1).optional()])))
      .optional(),
    expected: `names of columns by what they hold (${columnRoles.join(', ')})`,
  },
  task: { schema: z.enum(tasks).optional(), expected: `one of ${tasks.join(', ')}` },
  download: { schema: z.boolean().optional(), expected: 'true or false' },
  onBadImage: { schema: z.enum(['fail', 'skip']).optional(), expected: '"fail" or "skip"' },
  onProgress: { schema: z.function().optional(), expected: 'a function' },
  signal: { schema: z.instanceof(AbortSignal).optional(), expected: 'an AbortSignal' },
};

/** Checks options at the edge; throws `CONVOY_OPTION` for the first that is wrong or unknown. */
export function checkOpenOptions(options: OpenOptions): void {
  const given = new Map<string, unknown>(Object.entries(options));
  for (const key of given.keys()) {
    if (!(key in rules)) throw unknownKeyError('openDataset', key, { known: Object.keys(rules) });
  }
  for (const [key, { schema, expected }] of Object.entries(rules)) {
    if (!schema.safeParse(given.get(key)).success) throw valueError(key, expected, given.get(key));
  }
}

/** `imageSize` as height and width. */
export function sizeOf(imageSize: OpenOptions['imageSize']): PixelSize | undefined {
  if (imageSize === undefined) return undefined;
  const [height, width] = typeof imageSize === 'number' ? [imageSize, imageSize] : imageSize;
  return { height, width };
}

/** Throws `CONVOY_ABORTED` when the signal has been given. */
export function checkAborted(signal: AbortSignal | undefined, doing: string): void {
  if (signal?.aborted) throw new ConvoyError('CONVOY_ABORTED', `Stopped while ${doing}`, {}, signal.reason);
}
