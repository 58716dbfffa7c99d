import sharp from 'sharp';
import { ConvoyError } from '../base/errors.js';
import type { Dataset, ImageShape } from '../contracts/index.js';
import { BadImageError, type ImageSize, imageSize } from './decode.js';
import { badImage, decodeAll } from './decode-all.js';
import { type DecodedSet, loadDecoded, saveDecoded } from './decoded-cache.js';
import { extractArchive, extractedArchive } from './extracted.js';
import type { KnownDataset } from './formats/define.js';
import { archiveIdentity, checkSkipped, type ImageSource, imageSource, type Listing } from './image-source.js';
import { type ImageLayout, layoutOf, type SplitName, splitNames } from './layout.js';
import { limits } from './limits.js';
import type { BadImage, OpenOptions } from './options.js';
import { decodedSplits, type OpenedSplits } from './splits.js';
import { allocateLabels, signDataset } from './stores.js';

/** Size that photographs are brought to unless another is given: what networks for ImageNet take. */
const photographSide = 224;
/** Another value lets every image be decoded anew; grows with every change of the decoding. */
const decodingVersion = 1;

/**
 * Opens an image folder or tar(.gz) archive. Small images of one size, and all when `imageSize` is given and they fit,
 * are decoded into shared memory and kept in the cache; larger ones stay files (an archive is taken apart in the cache).
 *
 * @param official what a dataset of the catalog must be: classes in label order, and the size that its images have.
 */
export async function openImages(
  name: string,
  path: string,
  options: OpenOptions,
  official?: KnownDataset,
): Promise<OpenedSplits> {
  const source = await imageSource(path);
  const keyOf = (identity: string): string =>
    JSON.stringify([
      'images',
      decodingVersion,
      identity,
      wantedSize(options) ?? null,
      official?.classes ?? null,
      sharp.versions.vips,
    ]);
  if (source.kind === 'archive') {
    const kept = await loadDecoded(keyOf(await archiveIdentity(source.path)));
    if (kept !== undefined) return fromDecoded(name, source, kept, options);
    const extracted = await extractedArchive(source.path, options.signal);
    if (extracted !== undefined) return openListed(name, extracted, options, keyOf, official);
  }
  return openListed(name, source, options, keyOf, official);
}

async function openListed(
  name: string,
  source: ImageSource,
  options: OpenOptions,
  keyOf: (identity: string) => string,
  official?: KnownDataset,
): Promise<OpenedSplits> {
  const listing = await source.list(options.signal);
  const key = keyOf(listing.identity);
  const kept = source.kind === 'folder' ? await loadDecoded(key) : undefined;
  if (kept !== undefined) return fromDecoded(name, source, kept, options);
  const layout = layoutOf(source.path, [...listing.files.keys()], listing.folders, official?.classes);
  const wanted = wantedSize(options);
  const size = wanted ?? official?.shape ?? (await sampleSize(source, options));
  if (fitsInMemory(layout, size, wanted !== undefined)) {
    const set = await decodeAll(source, layout, size, wanted !== undefined, options);
    await saveDecoded(key, set);
    return fromDecoded(name, source, set, options);
  }
  if (source.kind === 'folder') return fileSplits(name, source, listing, layout, size, options);
  const total = listing.files.size;
  const tell = (done: number): void =>
    options.onProgress?.({ what: 'taking the archive apart', done, total, unit: 'images' });
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
  throw new ConvoyError('CONVOY_DATA', `${source.path}: expected an image that can be read but found none`, {
    file: source.path,
  });
}

function fromDecoded(name: string, source: ImageSource, set: DecodedSet, { onBadImage }: OpenOptions): OpenedSplits {
  const [first] = set.badImages;
  // The cache may come from a run that skipped.
  if (first !== undefined && onBadImage !== 'skip') throw badImage(source, first.file, new BadImageError(first.reason));
  return decodedSplits(name, set);
}

function fileSplits(
  name: string,
  source: ImageSource,
  listing: Listing,
  { classes, splits }: ImageLayout,
  size: ImageSize,
  { onBadImage }: OpenOptions,
): OpenedSplits {
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
    return signDataset(
      { name, split, count: paths.length, classes, shape, store, targets: { kind: 'classes', labels } },
      sizes,
    );
  };
  const [train, test, validation] = splitNames.map(dataset);
  const [first] = badImages;
  if (first !== undefined && onBadImage !== 'skip') throw badImage(source, first.file, new BadImageError(first.reason));
  checkSkipped(source.path, badImages.length, total, `${first?.file}: ${first?.reason}`);
  if (train === undefined) throw new RangeError('a layout always has a train split');
  return { train, badImages, ...(test && { test }), ...(validation && { validation }) };
}
