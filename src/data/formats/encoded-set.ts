/** Files of encoded images with labels in them: decoded into memory, or read when they are needed. */
import { fileError } from '../../base/errors.js';
import { type ImageShape, imageBytes, type PixelSize } from '../../contracts/index.js';
import { BadImageError, imageSize, OtherSizeError } from '../../images/index.js';
import { type DecodedSet, loadDecoded, saveDecoded } from '../decoded-cache.js';
import { limits } from '../limits.js';
import { type OpenOptions, sizeOf } from '../options.js';
import { photograph, severalSizesNote } from '../photograph-size.js';
import { decodedSplits, type OpenedSplits } from '../splits.js';
import { decodeExamples } from './encoded-decode.js';
import { type EncodedFiles, identityOf } from './encoded-files.js';
import { keptStream, stream } from './encoded-stream.js';
import { type Survey, surveyOf } from './encoded-survey.js';

const decodingVersion = 2;

/**
 * Opens files of a format. Small images of one size, and all when `imageSize` is given and they fit, are decoded into memory and
 * kept in the cache; others stay encoded, and an index of them is kept.
 *
 * @param mostBytes of the pixels of a split in memory.
 */
export async function openEncoded(
  name: string,
  format: string,
  encoded: EncodedFiles,
  options: OpenOptions,
  mostBytes: number = limits.pixelStoreBytes,
): Promise<OpenedSplits> {
  const key = JSON.stringify([
    format,
    decodingVersion,
    await identityOf(encoded.files),
    sizeOf(options.imageSize) ?? null,
    options.columns ?? null,
  ]);
  const kept = await loadDecoded(key);
  if (kept !== undefined) return fromDecoded(name, kept, options);
  const indexed = await keptStream(name, key, encoded, options);
  if (indexed !== undefined) return indexed;
  const survey = await surveyOf(encoded);
  const { shape, inMemory, exact } = await planOf(survey, options, mostBytes);
  const notes: string[] = [];
  if (inMemory) {
    const labels = new Map([...survey.splits].map(([split, part]) => [split, part.labels]));
    try {
      const set = await decodeExamples({ ...encoded, labels, classes: survey.classes, options }, shape, exact);
      await saveDecoded(key, set);
      return fromDecoded(name, set, options);
    } catch (error) {
      if (!(error instanceof OtherSizeError)) throw error;
      notes.push(severalSizesNote(shape, error.size));
    }
  }
  const size = inMemory ? { ...photograph, channels: shape.channels } : shape;
  return stream(name, key, { encoded, survey, shape: size, notes }, options);
}

function fromDecoded(name: string, set: DecodedSet, { onBadImage }: OpenOptions): OpenedSplits {
  const [first] = set.badImages;
  // The cache may come from a run that skipped.
  if (first !== undefined && onBadImage !== 'skip')
    throw fileError('CONVOY_DATA', first.file, '', 'images that can be decoded', first.reason);
  return decodedSplits(name, set);
}

/** The shape of images, whether they are decoded into memory, and whether all must have that size. */
async function planOf(
  { first, splits }: Survey,
  { imageSize: given, onBadImage }: OpenOptions,
  mostBytes: number,
): Promise<{ readonly shape: ImageShape; readonly inMemory: boolean; readonly exact: boolean }> {
  const wanted = sizeOf(given);
  const [{ raw } = { raw: undefined }] = first;
  const most = Math.max(...[...splits.values()].map(({ labels }) => labels.length));
  if (raw !== undefined) {
    // Pixels are read as they are, and resized afterwards; where they do not fit, when they are needed.
    const inMemory = most * imageBytes(raw) <= mostBytes;
    return { shape: inMemory ? raw : { ...raw, ...wanted }, inMemory, exact: true };
  }
  const found = wanted ?? (await sampleSize(first, onBadImage));
  const isSmall = Math.max(found.height, found.width) <= limits.smallImageSide;
  const size = wanted ?? (isSmall ? found : photograph);
  const shape = { height: size.height, width: size.width, channels: 3 };
  const fits = (wanted !== undefined || isSmall) && most * imageBytes(shape) <= mostBytes;
  return { shape, inMemory: fits, exact: wanted === undefined };
}

/** The size of the first image that can be decoded. */
async function sampleSize(first: Survey['first'], onBadImage: OpenOptions['onBadImage']): Promise<PixelSize> {
  for (const { file, place, image } of first) {
    try {
      return await imageSize(image);
    } catch (error) {
      if (!(error instanceof BadImageError)) throw error;
      if (onBadImage !== 'skip') throw error.of(file, place);
    }
  }
  return photograph;
}
