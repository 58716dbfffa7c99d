/**
 * What a dataset is to the rest of convoy. Sources in `src/data` make it; the augmentation stage and the batch
 * stage read it, from any thread: every field survives structured clone, and pixels are shared, not copied.
 */

/** Size of one image. */
export interface ImageShape {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Bytes of one decoded image. */
export function imageBytes({ height, width, channels }: ImageShape): number {
  return height * width * channels;
}

/** Pixels decoded in memory: `count` images of one shape behind each other, row by row, channels last, 0 to 255. */
export interface PixelStore {
  readonly kind: 'pixels';
  readonly pixels: Uint8Array<SharedArrayBuffer>;
  /** Paths of the image files that they were decoded from, where there were any. */
  readonly names?: readonly string[];
}

/** Encoded files on disk, decoded when needed; images may differ in size. */
export interface FileStore {
  readonly kind: 'files';
  /** Absolute folder. */
  readonly root: string;
  /** Paths below `root`, with `/`, one per sample. */
  readonly paths: readonly string[];
}

/** One class per sample: an index into `classes`. */
export interface ClassTargets {
  readonly kind: 'classes';
  readonly labels: Int32Array<SharedArrayBuffer>;
}

/** Any number of classes per sample: `count` rows of `classes.length` values, 0 or 1 (or soft, between). */
export interface MultiLabelTargets {
  readonly kind: 'multi-label';
  readonly values: Float32Array<SharedArrayBuffer>;
}

/** One split of a dataset. */
export interface Dataset {
  /** Catalog name or folder name, for logs. */
  readonly name: string;
  readonly split: 'train' | 'validation' | 'test';
  readonly count: number;
  /** Class names in label order. */
  readonly classes: readonly string[];
  /** Shape of every sample as training sees it before transforms; for a FileStore the size images are brought to. */
  readonly shape: ImageShape;
  readonly store: PixelStore | FileStore;
  readonly targets: ClassTargets | MultiLabelTargets;
  /** Where the data came from: SHA-256 over names, sizes and labels (and pixels for a PixelStore), hexadecimal. */
  readonly fingerprint: string;
}

/** Both splits. */
export interface DatasetPair {
  readonly train: Dataset;
  readonly test: Dataset;
}

/** Whether a value given in code is a dataset. */
export function isDataset(value: unknown): value is Dataset {
  return typeof value === 'object' && value !== null && 'store' in value && 'targets' in value;
}
