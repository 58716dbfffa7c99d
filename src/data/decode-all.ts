import { availableParallelism } from 'node:os';
import sharp from 'sharp';
import { type ImageShape, imageBytes } from '../contracts/index.js';
import { BadImageError, decodeBatch, OtherSizeError } from '../images/index.js';
import { forEachAtOnce } from './at-once.js';
import type { DecodedSet } from './decoded-cache.js';
import { checkSkipped, type ImageSource } from './image-source.js';
import type { ImageLayout, LabelledPath } from './layout.js';
import type { Listing } from './listing.js';
import { type SplitName, splitNames } from './names.js';
import type { OpenOptions } from './options.js';
import { allocateLabels, allocatePixels, type LabelledPixels } from './stores.js';

/** A batch: enough images to share the cost of a call, few enough bytes to hold several at once. */
const batchImages = 256;
const batchBytes = 4 * 2 ** 20;

/** `order` tells which of two entries of an archive with one name is the later. */
type NamedImage = readonly [path: string, encoded: Buffer, order: number];

/** What is decoded, and to what. */
interface DecodedRequest {
  readonly source: ImageSource;
  readonly listing: Listing;
  readonly layout: ImageLayout;
  readonly shape: ImageShape;
  /** What an image of another size is: resized, bad, or an end with its error. */
  readonly otherSizes: 'resize' | 'bad' | 'end';
}

/**
 * Decodes every image of a layout into shared memory.
 *
 * @throws ConvoyError `CONVOY_DATA` for a bad image, unless it may be skipped; `OtherSizeError` where those end it.
 */
export async function decodeAll(
  { source, listing, layout, shape, otherSizes }: DecodedRequest,
  { onBadImage = 'fail', onProgress, signal }: OpenOptions,
): Promise<DecodedSet> {
  sharp.cache(false); // every image is seen once
  sharp.concurrency(1); // parallel over batches, not inside one
  const { classes, splits, notes } = layout;
  const bytes = imageBytes(shape);
  const imageAt = <T extends Uint8Array>(pixels: T, index: number) =>
    pixels.subarray(index * bytes, (index + 1) * bytes);
  const targets = new Map<string, Uint8Array>();
  const stores = new Map<SplitName, Uint8Array<SharedArrayBuffer>>();
  for (const split of splitNames) {
    const members = splits[split];
    if (members === undefined) continue;
    const store = allocatePixels(members.length, shape, source.path);
    stores.set(split, store);
    members.forEach(({ path }, index) => targets.set(path, imageAt(store, index)));
  }
  const bad = new Map<string, string>();
  const markBad = (path: string, error: BadImageError): void => {
    if (onBadImage === 'fail') throw error.of(source.path, path);
    bad.set(path, error.message);
  };
  for (const path of targets.keys()) {
    const problem = listing.files.get(path)?.problem;
    if (problem !== undefined) markBad(path, badFile(problem));
  }
  let done = 0;
  const written = new Map<string, number>();
  const decode = async (batch: readonly NamedImage[]): Promise<void> => {
    const encoded = batch.map(([, image]) => image);
    const decoded = await decodeBatch(encoded, shape, otherSizes !== 'resize');
    batch.forEach(([path, , order], index) => {
      if (order < (written.get(path) ?? 0)) return;
      written.set(path, order);
      targets.get(path)?.set(imageAt(decoded.pixels, index));
    });
    for (const { index, error } of decoded.bad) {
      if (error instanceof OtherSizeError && otherSizes === 'end') throw error;
      markBad(batch[index]?.[0] ?? '', error);
    }
    done += batch.length;
    onProgress?.({ what: 'decoding images', done, total: targets.size, unit: 'images' });
  };
  await forEachAtOnce(batchesOf(source, targets, markBad, signal), availableParallelism(), decode);
  for (const [path, { sameAs }] of listing.files) {
    const [from, to] = [targets.get(sameAs ?? ''), targets.get(path)];
    if (from !== undefined && to !== undefined) to.set(from);
    const reason = bad.get(sameAs ?? '');
    if (reason !== undefined) bad.set(path, reason);
  }
  const badImages = [...bad].map(([file, reason]) => ({ file, reason }));
  checkSkipped(source.path, badImages, targets.size);
  const part = (split: SplitName): LabelledPixels | undefined => {
    const pixels = stores.get(split);
    return pixels && withoutBad(splits[split] ?? [], shape, pixels, bad);
  };
  const [train, test, validation] = splitNames.map(part);
  if (train === undefined) throw new RangeError('a layout always has a train split');
  return { classes, train, badImages, notes, ...(test && { test }), ...(validation && { validation }) };
}

/** The error for a file of which the listing says that it cannot be read. */
export function badFile(problem: string): BadImageError {
  return new BadImageError('a readable image file', problem);
}

/** The wanted images in batches; an archive's entry must be read before the next is asked for, so reading is here. */
async function* batchesOf(
  source: ImageSource,
  wanted: ReadonlyMap<string, unknown>,
  markBad: (path: string, error: BadImageError) => void,
  signal?: AbortSignal,
): AsyncGenerator<readonly NamedImage[], void, undefined> {
  let batch: NamedImage[] = [];
  let bytes = 0;
  let order = 0;
  for await (const image of source.images(signal)) {
    if (!wanted.has(image.path) || image.sameAs !== undefined) continue;
    try {
      const encoded = await image.read();
      batch.push([image.path, encoded, order++]);
      bytes += encoded.length;
    } catch (error) {
      if (!(error instanceof BadImageError)) throw error;
      markBad(image.path, error);
    }
    if (batch.length === batchImages || bytes >= batchBytes) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
  }
  if (batch.length > 0) yield batch;
}

/** Labels and pixels of the images that are not bad, moved together. */
function withoutBad(
  members: readonly LabelledPath[],
  shape: ImageShape,
  pixels: Uint8Array<SharedArrayBuffer>,
  bad: ReadonlyMap<string, string>,
): LabelledPixels {
  const bytes = imageBytes(shape);
  const labels = allocateLabels(members.length);
  let count = 0;
  members.forEach(({ path, label }, index) => {
    if (bad.has(path)) return;
    labels[count] = label;
    if (count !== index) pixels.copyWithin(count * bytes, index * bytes, (index + 1) * bytes);
    count += 1;
  });
  const names = members.map(({ path }) => path).filter((path) => !bad.has(path));
  return { shape, count, pixels: pixels.subarray(0, count * bytes), labels: labels.subarray(0, count), names };
}
