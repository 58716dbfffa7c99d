import sharp from 'sharp';
import { availableParallelism } from 'node:os';
import type { Dataset, ImageShape } from '../contracts/index.js';
import { ConvoyError } from '../errors.js';
import { forEachAtOnce } from './at-once.js';
import { BadImageError, decodeImage, imageSize, type ImageSize } from './decode.js';
import { loadDecoded, saveDecoded, type DecodedSet } from './decoded-cache.js';
import { archiveIdentity, checkSkipped, extractArchive, extractedArchive, imageSource, type ImageSource, type Listing } from './image-source.js';
import { layoutOf, type ImageLayout, type LabelledPath, type SplitName } from './layout.js';
import { limits } from './limits.js';
import type { BadImage, OpenOptions } from './options.js';
import { allocateLabels, allocatePixels, imageBytes, pixelDataset, signDataset, type LabelledPixels } from './stores.js';

/** Size that photographs are brought to unless another is given: what networks for ImageNet take. */
const photographSide = 224;
/** Another value lets every image be decoded anew; grows with every change of the decoding. */
const decodingVersion = 1;

/** The splits an image folder has; without `test` the caller splits. */
export interface ImageSplits {
  readonly train: Dataset;
  readonly test?: Dataset;
  readonly validation?: Dataset;
  readonly badImages: readonly BadImage[];
}

/**
 * Opens an image folder or tar(.gz) archive. Small images of one size, and all when `imageSize` is given and they fit,
 * are decoded into shared memory and kept in the cache; larger ones stay files (an archive is taken apart in the cache).
 *
 * @param official class names in label order, for datasets of the catalog.
 */
export async function openImages(
  name: string,
  path: string,
  options: OpenOptions,
  official?: readonly string[],
): Promise<ImageSplits> {
  const source = await imageSource(path);
  const keyOf = (identity: string): string =>
    JSON.stringify(['images', decodingVersion, identity, wantedSize(options) ?? null, official ?? null, sharp.versions.vips]);
  if (source.kind === 'archive') {
    const kept = await loadDecoded(keyOf(await archiveIdentity(source.path)));
    if (kept !== undefined) return fromDecoded(name, source, kept, options);
    const extracted = await extractedArchive(source.path);
    if (extracted !== undefined) return openListed(name, extracted, options, keyOf, official);
  }
  return openListed(name, source, options, keyOf, official);
}

async function openListed(
  name: string,
  source: ImageSource,
  options: OpenOptions,
  keyOf: (identity: string) => string,
  official?: readonly string[],
): Promise<ImageSplits> {
  const listing = await source.list(options.signal);
  const key = keyOf(listing.identity);
  const kept = source.kind === 'folder' ? await loadDecoded(key) : undefined;
  if (kept !== undefined) return fromDecoded(name, source, kept, options);
  const layout = layoutOf(source.path, [...listing.files.keys()], listing.folders, official);
  const wanted = wantedSize(options);
  const size = wanted ?? (await sampleSize(source, options));
  if (fitsInMemory(layout, size, wanted !== undefined)) {
    const set = await decodeAll(source, layout, size, wanted !== undefined, options);
    await saveDecoded(key, set);
    return fromDecoded(name, source, set, options);
  }
  if (source.kind === 'folder') return fileSplits(name, source, listing, layout, size, options);
  const total = listing.files.size;
  const tell = (done: number): void => options.onProgress?.({ what: 'taking the archive apart', done, total, unit: 'images' });
  const extracted = await extractArchive(source.path, tell, options.signal);
  return fileSplits(name, extracted, await extracted.list(options.signal), layout, size, options);
}

function wantedSize({ imageSize: size }: OpenOptions): ImageSize | undefined {
  if (size === undefined) return undefined;
  const [height, width] = typeof size === 'number' ? [size, size] : size;
  return { height, width };
}

function fitsInMemory({ splits }: ImageLayout, { height, width }: ImageSize, asked: boolean): boolean {
  const most = Math.max(splits.train.length, splits.test?.length ?? 0, splits.validation?.length ?? 0);
  const small = Math.max(height, width) <= limits.smallImageSide;
  return (asked || small) && most * height * width * 3 <= limits.pixelStoreBytes;
}

/** The size of the first image that can be read: small images must all have it. */
async function sampleSize(source: ImageSource, { onBadImage, signal }: OpenOptions): Promise<ImageSize> {
  for await (const image of source.images(signal)) {
    try {
      const size = await imageSize(await image.read());
      return Math.max(size.height, size.width) <= limits.smallImageSide
        ? size
        : { height: photographSide, width: photographSide };
    } catch (error) {
      if (!(error instanceof BadImageError) || onBadImage !== 'skip') throw badImage(source, image.path, error);
    }
  }
  throw new ConvoyError('CONVOY_DATA', `${source.path}: expected an image that can be read but found none`, { file: source.path });
}

function badImage(source: ImageSource, path: string, error: unknown): unknown {
  if (!(error instanceof BadImageError)) return error;
  const message = `${source.path}: ${path}: ${error.message}`;
  return new ConvoyError('CONVOY_DATA', message, { file: source.path, place: path }, error);
}

const splitNames: readonly SplitName[] = ['train', 'test', 'validation'];

async function decodeAll(
  source: ImageSource,
  { classes, splits }: ImageLayout,
  size: ImageSize,
  resize: boolean,
  { onBadImage = 'fail', onProgress, signal }: OpenOptions,
): Promise<DecodedSet> {
  sharp.cache(false); // every image is seen once
  sharp.concurrency(1); // parallel over images, not inside one
  const shape: ImageShape = { ...size, channels: 3 };
  const places = new Map<string, { readonly split: SplitName; readonly index: number }>();
  const stores = new Map<SplitName, Uint8Array<SharedArrayBuffer>>();
  for (const split of splitNames) {
    const members = splits[split];
    if (members === undefined) continue;
    members.forEach(({ path }, index) => places.set(path, { split, index }));
    stores.set(split, allocatePixels(members.length, shape, source.path));
  }
  const bad = new Map<string, string>();
  let done = 0;
  const decode = async (path: string, encoded: Buffer): Promise<void> => {
    const place = places.get(path);
    const store = place === undefined ? undefined : stores.get(place.split);
    if (place === undefined || store === undefined) return;
    try {
      store.set(await decodeImage(encoded, size, resize), place.index * imageBytes(shape));
    } catch (error) {
      if (!(error instanceof BadImageError) || onBadImage === 'fail') throw badImage(source, path, error);
      bad.set(path, error.message);
    }
    done += 1;
    if (done % 500 === 0 || done === places.size) onProgress?.({ what: 'decoding images', done, total: places.size, unit: 'images' });
  };
  // An archive's entry must be read before the next is asked for, so reading is part of the iteration.
  const encoded = async function* (): AsyncGenerator<readonly [string, Buffer], void, undefined> {
    for await (const image of source.images(signal)) yield [image.path, await image.read()];
  };
  await forEachAtOnce(encoded(), availableParallelism() + 1, ([path, bytes]) => decode(path, bytes));
  const badImages = [...bad].map(([file, reason]) => ({ file, reason }));
  checkSkipped(source.path, badImages.length, places.size, `${badImages[0]?.file}: ${badImages[0]?.reason}`);
  const part = (split: SplitName): LabelledPixels | undefined => {
    const pixels = stores.get(split);
    return pixels && withoutBad(splits[split] ?? [], shape, pixels, bad);
  };
  const [train, test, validation] = splitNames.map(part);
  if (train === undefined) throw new RangeError('a layout always has a train split');
  return { classes, train, badImages, ...(test && { test }), ...(validation && { validation }) };
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

function fromDecoded(name: string, source: ImageSource, set: DecodedSet, { onBadImage }: OpenOptions): ImageSplits {
  const { classes, train, test, validation, badImages } = set;
  const [first] = badImages;
  // The cache may come from a run that skipped.
  if (first !== undefined && onBadImage !== 'skip') throw badImage(source, first.file, new BadImageError(first.reason));
  return {
    train: pixelDataset(name, 'train', classes, train),
    ...(test && { test: pixelDataset(name, 'test', classes, test) }),
    ...(validation && { validation: pixelDataset(name, 'validation', classes, validation) }),
    badImages,
  };
}

function fileSplits(
  name: string,
  source: ImageSource,
  listing: Listing,
  { classes, splits }: ImageLayout,
  size: ImageSize,
  { onBadImage }: OpenOptions,
): ImageSplits {
  const badImages: BadImage[] = [];
  const total = splitNames.reduce((sum, split) => sum + (splits[split]?.length ?? 0), 0);
  const dataset = (split: SplitName): Dataset | undefined => {
    const members = splits[split]?.filter(({ path }) => {
      if ((listing.files.get(path) ?? 0) > 0) return true;
      badImages.push({ file: path, reason: 'expected an image but the file is empty' });
      return false;
    });
    if (members === undefined) return undefined;
    const paths = members.map(({ path }) => path);
    const labels = allocateLabels(members.length);
    members.forEach(({ label }, index) => (labels[index] = label));
    const shape: ImageShape = { ...size, channels: 3 };
    const store = { kind: 'files', root: source.path, paths } as const;
    const sizes = paths.map((path) => listing.files.get(path) ?? 0);
    return signDataset({ name, split, count: paths.length, classes, shape, store, targets: { kind: 'classes', labels } }, sizes);
  };
  const [train, test, validation] = splitNames.map(dataset);
  const [first] = badImages;
  if (first !== undefined && onBadImage !== 'skip') throw badImage(source, first.file, new BadImageError(first.reason));
  checkSkipped(source.path, badImages.length, total, `${first?.file}: ${first?.reason}`);
  if (train === undefined) throw new RangeError('a layout always has a train split');
  return { train, badImages, ...(test && { test }), ...(validation && { validation }) };
}
