import sharp from 'sharp';
import { ConvoyError } from '../base/errors.js';
import type { Dataset, ImageShape, PixelSize } from '../contracts/index.js';
import { BadImageError, imageSize, OtherSizeError } from '../images/index.js';
import { badFile, decodeAll } from './decode-all.js';
import { type DecodedSet, loadDecoded, saveDecoded } from './decoded-cache.js';
import { extractArchive, extractedArchive } from './extracted.js';
import type { KnownDataset } from './formats/define.js';
import { archiveIdentity, checkSkipped, type ImageSource, imageSource } from './image-source.js';
import { type ImageLayout, layoutOf } from './layout.js';
import { limits } from './limits.js';
import type { Listing } from './listing.js';
import { type SplitName, splitNames } from './names.js';
import { type BadImage, type OpenOptions, sizeOf } from './options.js';
import { photograph, severalSizesNote } from './photograph-size.js';
import { sampledContent } from './sampled-content.js';
import { decodedSplits, type OpenedSplits } from './splits.js';
import { allocateLabels, signDataset } from './stores.js';

/** Another value lets every image be decoded anew; grows with every change of the decoding or of the rules for folders. */
const decodingVersion = 3;

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
      sizeOf(options.imageSize) ?? null,
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

/**
 * Opens images of a folder whose labels are written elsewhere.
 *
 * @param identity text that changes when the labels do.
 * @param arrange splits and labels of the files there are.
 */
export async function openLabelledImages(
  name: string,
  folder: string,
  options: OpenOptions,
  { identity, arrange }: { readonly identity: string; readonly arrange: (listing: Listing) => ImageLayout },
): Promise<OpenedSplits> {
  const keyOf = (files: string): string =>
    JSON.stringify([
      'labels',
      decodingVersion,
      identity,
      files,
      sizeOf(options.imageSize) ?? null,
      sharp.versions.vips,
    ]);
  return openListed(name, await imageSource(folder), options, keyOf, undefined, arrange);
}

async function openListed(
  name: string,
  source: ImageSource,
  options: OpenOptions,
  keyOf: (identity: string) => string,
  official?: KnownDataset,
  arrange: (listing: Listing) => ImageLayout = (listed) => layoutOf(source.path, listed, official?.classes),
): Promise<OpenedSplits> {
  const listing = await source.list(options.signal);
  const key = keyOf(listing.identity);
  const kept = source.kind === 'folder' ? await loadDecoded(key) : undefined;
  if (kept !== undefined) return fromDecoded(name, source, kept, options);
  const layout = arrange(listing);
  const wanted = sizeOf(options.imageSize);
  const size = wanted ?? official?.shape ?? (await sampleSize(source, layout, options));
  const opening = { name, source, listing, options };
  if (!fitsInMemory(layout, size, wanted !== undefined)) return openFiles(opening, layout, size);
  const shape = { height: size.height, width: size.width, channels: 3 };
  const otherSizes = wanted !== undefined ? 'resize' : official !== undefined ? 'bad' : 'end';
  try {
    const set = await decodeAll({ source, listing, layout, shape, otherSizes }, options);
    await saveDecoded(key, set);
    return fromDecoded(name, source, set, options);
  } catch (error) {
    if (!(error instanceof OtherSizeError)) throw error;
    const note = severalSizesNote(size, error.size);
    return openFiles(opening, { ...layout, notes: [...layout.notes, note] }, photograph);
  }
}

function fitsInMemory({ splits }: ImageLayout, { height, width }: PixelSize, asked: boolean): boolean {
  const most = Math.max(splits.train.length, splits.test?.length ?? 0, splits.validation?.length ?? 0);
  const small = Math.max(height, width) <= limits.smallImageSide;
  return (asked || small) && most * height * width * 3 <= limits.pixelStoreBytes;
}

/** The size of any image that can be read, if it is small: then all must have it, or are brought to that of photographs. */
async function sampleSize(
  source: ImageSource,
  { splits }: ImageLayout,
  { onBadImage, signal }: OpenOptions,
): Promise<PixelSize> {
  const wanted = new Set(splitNames.flatMap((split) => splits[split]?.map(({ path }) => path) ?? []));
  for await (const image of source.images(signal)) {
    if (!wanted.has(image.path) || image.sameAs !== undefined) continue;
    try {
      const size = await imageSize(await image.read());
      return Math.max(size.height, size.width) <= limits.smallImageSide ? size : photograph;
    } catch (error) {
      if (!(error instanceof BadImageError)) throw error;
      if (onBadImage !== 'skip') throw error.of(source.path, image.path);
    }
  }
  throw new ConvoyError('CONVOY_DATA', `${source.path}: expected an image that can be read but found none`, {
    file: source.path,
  });
}

function fromDecoded(name: string, source: ImageSource, set: DecodedSet, { onBadImage }: OpenOptions): OpenedSplits {
  const [first] = set.badImages;
  // The cache may come from a run that skipped.
  if (first !== undefined && onBadImage !== 'skip') throw badAgain(source, first);
  return decodedSplits(name, set);
}

function badAgain(source: ImageSource, { file, reason }: BadImage): ConvoyError {
  return new ConvoyError('CONVOY_DATA', `${source.path}: ${file}: ${reason}`, { file: source.path, place: file });
}

/** What is opened, and how. */
interface Opening {
  readonly name: string;
  readonly source: ImageSource;
  readonly listing: Listing;
  readonly options: OpenOptions;
}

/** A dataset that stays files; an archive is taken apart first. */
async function openFiles(opening: Opening, layout: ImageLayout, size: PixelSize): Promise<OpenedSplits> {
  const { source, listing, options } = opening;
  if (source.kind === 'folder') return fileSplits(opening, layout, size);
  const total = listing.files.size;
  const tell = (done: number): void =>
    options.onProgress?.({ what: 'taking the archive apart', done, total, unit: 'images' });
  const extracted = await extractArchive(source.path, listing, tell, options.signal);
  return fileSplits({ ...opening, source: extracted }, layout, size);
}

async function fileSplits(
  { name, source, listing, options: { onBadImage } }: Opening,
  { classes, splits, notes }: ImageLayout,
  size: PixelSize,
): Promise<OpenedSplits> {
  const badImages: BadImage[] = [];
  const imageCount = splitNames.reduce((sum, split) => sum + (splits[split]?.length ?? 0), 0);
  const dataset = async (split: SplitName): Promise<Dataset | undefined> => {
    const members = splits[split]?.filter(({ path }) => {
      const { bytes = 0, problem = bytes === 0 ? 'an empty file (0 bytes)' : undefined } =
        listing.files.get(path) ?? {};
      if (problem !== undefined) badImages.push({ file: path, reason: badFile(problem).message });
      return problem === undefined;
    });
    if (members === undefined) return undefined;
    const paths = members.map(({ path }) => path);
    const labels = allocateLabels(members.length);
    members.forEach(({ label }, index) => (labels[index] = label));
    const shape: ImageShape = { height: size.height, width: size.width, channels: 3 };
    const store = { kind: 'files', root: source.path, paths } as const;
    const sizes = paths.map((path) => listing.files.get(path)?.bytes ?? 0);
    return signDataset(
      { name, split, count: paths.length, classes, shape, store, targets: { kind: 'classes', labels } },
      { sizes, content: await sampledContent(source.path, paths) },
    );
  };
  const [train, test, validation] = await Promise.all(splitNames.map(dataset));
  const [first] = badImages;
  if (first !== undefined && onBadImage !== 'skip') throw badAgain(source, first);
  checkSkipped(source.path, badImages, imageCount);
  if (train === undefined) throw new RangeError('a layout always has a train split');
  return { train, badImages, imageCount, notes, ...(test && { test }), ...(validation && { validation }) };
}
