import { availableParallelism } from 'node:os';
import sharp from 'sharp';
import { ConvoyError } from '../base/errors.js';
import { type ImageShape, imageBytes } from '../contracts/index.js';
import { forEachAtOnce } from './at-once.js';
import { BadImageError, type ImageSize } from './decode.js';
import { decodeBatch } from './decode-batch.js';
import type { DecodedSet } from './decoded-cache.js';
import { checkSkipped, type ImageSource } from './image-source.js';
import { type ImageLayout, type LabelledPath, type SplitName, splitNames } from './layout.js';
import type { OpenOptions } from './options.js';
import { allocateLabels, allocatePixels, type LabelledPixels } from './stores.js';

/** A batch: enough images to share the cost of a call, few enough bytes to hold several at once. */
const batchImages = 256;
const batchBytes = 4 * 2 ** 20;

type NamedImage = readonly [path: string, encoded: Buffer];

/** The error for an image that cannot be used, naming folder or archive and the image; other errors as they are. */
export function badImage(source: ImageSource, path: string, error: unknown): unknown {
  if (!(error instanceof BadImageError)) return error;
  const message = `${source.path}: ${path}: ${error.message}`;
  return new ConvoyError('CONVOY_DATA', message, { file: source.path, place: path }, error);
}

/** Decodes every image of a layout into shared memory. */
export async function decodeAll(
  source: ImageSource,
  { classes, splits }: ImageLayout,
  size: ImageSize,
  resize: boolean,
  { onBadImage = 'fail', onProgress, signal }: OpenOptions,
): Promise<DecodedSet> {
  sharp.cache(false); // every image is seen once
  sharp.concurrency(1); // parallel over batches, not inside one
  const shape: ImageShape = { height: size.height, width: size.width, channels: 3 };
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
  let done = 0;
  const decode = async (batch: readonly NamedImage[]): Promise<void> => {
    const decoded = await decodeBatch(
      batch.map(([, encoded]) => encoded),
      size,
      resize,
    );
    batch.forEach(([path], index) => targets.get(path)?.set(imageAt(decoded.pixels, index)));
    for (const { index, reason } of decoded.bad) {
      const path = batch[index]?.[0] ?? '';
      if (onBadImage === 'fail') throw badImage(source, path, new BadImageError(reason));
      bad.set(path, reason);
    }
    done += batch.length;
    onProgress?.({ what: 'decoding images', done, total: targets.size, unit: 'images' });
  };
  await forEachAtOnce(batchesOf(source, targets, signal), availableParallelism(), decode);
  const badImages = [...bad].map(([file, reason]) => ({ file, reason }));
  checkSkipped(source.path, badImages.length, targets.size, `${badImages[0]?.file}: ${badImages[0]?.reason}`);
  const part = (split: SplitName): LabelledPixels | undefined => {
    const pixels = stores.get(split);
    return pixels && withoutBad(splits[split] ?? [], shape, pixels, bad);
  };
  const [train, test, validation] = splitNames.map(part);
  if (train === undefined) throw new RangeError('a layout always has a train split');
  return { classes, train, badImages, ...(test && { test }), ...(validation && { validation }) };
}

/** The wanted images in batches; an archive's entry must be read before the next is asked for, so reading is here. */
async function* batchesOf(
  source: ImageSource,
  wanted: ReadonlyMap<string, unknown>,
  signal?: AbortSignal,
): AsyncGenerator<readonly NamedImage[], void, undefined> {
  let batch: NamedImage[] = [];
  let bytes = 0;
  for await (const image of source.images(signal)) {
    if (!wanted.has(image.path)) continue;
    const encoded = await image.read();
    batch.push([image.path, encoded]);
    bytes += encoded.length;
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
  return { shape, count, pixels: pixels.subarray(0, count * bytes), labels: labels.subarray(0, count) };
}
