import { createHash } from 'node:crypto';
import { ConvoyError } from '../base/errors.js';
import { type Dataset, type ImageShape, imageBytes, type Targets } from '../contracts/index.js';
import { limits } from './limits.js';

const wasmPageBytes = 65_536;

/**
 * Shared memory for `count` images of one shape, all zeros, starting on a page boundary so that TensorFlow can wrap
 * any aligned part of it without a copy.
 *
 * @throws ConvoyError `CONVOY_MEMORY` above the limit, or when the system refuses.
 */
export function allocatePixels(count: number, shape: ImageShape, what: string): Uint8Array<SharedArrayBuffer> {
  const bytes = count * imageBytes(shape);
  if (bytes > limits.pixelStoreBytes) {
    throw new ConvoyError(
      'CONVOY_MEMORY',
      `Expected at most ${mebibytes(limits.pixelStoreBytes)} MiB of decoded pixels for ${what} but its ${count} images of ` +
        `${shape.height}x${shape.width}x${shape.channels} need ${mebibytes(bytes)} MiB; use a smaller --image-size or --limit`,
    );
  }
  const pages = Math.max(1, Math.ceil(bytes / wasmPageBytes));
  try {
    const { buffer } = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    if (!(buffer instanceof SharedArrayBuffer)) throw new TypeError('shared WebAssembly memory is not shared');
    return new Uint8Array(buffer, 0, bytes);
  } catch (error) {
    const message = `Expected ${mebibytes(bytes)} MiB of shared memory for ${what} but the system refused it`;
    throw new ConvoyError('CONVOY_MEMORY', message, {}, error);
  }
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20);
}

/** Shared memory for one label per sample. */
export function allocateLabels(count: number): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(count * 4));
}

/** Decoded images with one label each: what the readers of every format give. */
export interface LabelledPixels {
  readonly shape: ImageShape;
  readonly count: number;
  readonly pixels: Uint8Array<SharedArrayBuffer>;
  readonly labels: Int32Array<SharedArrayBuffer>;
  /** Paths of the files that they were decoded from. */
  readonly names?: readonly string[];
}

/** A dataset without its fingerprint. */
export type UnsignedDataset = Omit<Dataset, 'fingerprint'>;

/** What a dataset of files is told by besides their paths. */
export interface FileFacts {
  readonly sizes: readonly number[];
  /** Of `sampledContent`. */
  readonly content: string;
}

/** Completes a dataset with the SHA-256 over its classes, shape, labels and pixels (or paths, sizes and contents of files). */
export function signDataset(dataset: UnsignedDataset, files: FileFacts = { sizes: [], content: '' }): Dataset {
  const { split, count, classes, shape, store, targets } = dataset;
  const hash = createHash('sha256');
  hash.update(JSON.stringify([split, count, classes, shape.height, shape.width, shape.channels]));
  const own = targetNumbers(targets);
  if (own !== undefined) hash.update(own);
  if (store.kind === 'pixels') hash.update(store.pixels);
  else hash.update(JSON.stringify([store.paths, files.sizes, files.content]));
  return { ...dataset, fingerprint: hash.digest('hex') };
}

/** The numbers of all targets; undefined where the pixels are the targets. */
export function targetNumbers(targets: Targets): Int32Array | Float32Array | Uint8Array | undefined {
  switch (targets.kind) {
    case 'classes':
      return targets.labels;
    case 'multi-label':
      return targets.values;
    case 'masks':
      return targets.masks;
    case 'boxes':
      return targets.boxes;
    case 'pixels':
      return undefined;
  }
}

/** A dataset of decoded images. */
export function pixelDataset(
  name: string,
  split: Dataset['split'],
  classes: readonly string[],
  { shape, count, pixels, labels, names }: LabelledPixels,
): Dataset {
  const targets = { kind: 'classes', labels } as const;
  const store = { kind: 'pixels', pixels, ...(names && { names }) } as const;
  return signDataset({ name, split, count, classes, shape, store, targets });
}
