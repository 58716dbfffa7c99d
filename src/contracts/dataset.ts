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
  /** Where in their files the images lie, of files that hold many; undefined where each image is a file. */
  readonly stretches?: FileStretches;
}

/** One stretch of a file per sample, which holds an encoded image. */
export interface FileStretches {
  /** First byte in the file. */
  readonly offsets: Float64Array<SharedArrayBuffer>;
  /** Bytes. */
  readonly lengths: Uint32Array<SharedArrayBuffer>;
  /** CRC-32 of the bytes (RFC 1952), checked whenever they are read. */
  readonly checksums: Uint32Array<SharedArrayBuffer>;
}

/** The files of some samples, in that order. */
export function selectFiles({ root, paths, stretches }: FileStore, samples: ArrayLike<number>): FileStore {
  const selected = Array.from(samples, (sample) => paths[sample] ?? '');
  if (stretches === undefined) return { kind: 'files', root, paths: selected };
  const chosen = emptyStretches(selected.length);
  for (const column of ['offsets', 'lengths', 'checksums'] as const)
    for (let at = 0; at < selected.length; at++)
      chosen[column][at] = stretches[column][samples[at] as number] as number;
  return { kind: 'files', root, paths: selected, stretches: chosen };
}

/** Stretches of `count` samples, all zeros. */
export function emptyStretches(count: number): FileStretches {
  return {
    offsets: new Float64Array(new SharedArrayBuffer(8 * count)),
    lengths: new Uint32Array(new SharedArrayBuffer(4 * count)),
    checksums: new Uint32Array(new SharedArrayBuffer(4 * count)),
  };
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

/** A class for each pixel: the mask of sample i behind those before it, row by row; 255 is a pixel of no class. */
export interface MaskTargets {
  readonly kind: 'masks';
  readonly masks: Uint8Array<SharedArrayBuffer>;
}

/**
 * Objects and their boxes: `count` times `capacity` rows of six numbers, left, top, right, bottom in pixels of the dataset's
 * shape (right and bottom are not part of the box), class, and what the row is (`boxRow`).
 */
export interface BoxTargets {
  readonly kind: 'boxes';
  readonly boxes: Float32Array<SharedArrayBuffer>;
  /** Rows of each sample; those behind its objects are empty. */
  readonly capacity: number;
}

/** The image itself, for networks that rebuild what they are shown. */
export interface PixelTargets {
  readonly kind: 'pixels';
}

export type Targets = ClassTargets | MultiLabelTargets | MaskTargets | BoxTargets | PixelTargets;

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
  readonly targets: Targets;
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
