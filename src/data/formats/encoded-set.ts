/** Files of encoded images with labels in them, which are decoded into memory. */
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { fileError } from '../../base/errors.js';
import { type ImageShape, imageBytes } from '../../contracts/index.js';
import { decodeBatch, imageSize, OtherSizeError } from '../../images/index.js';
import { type DecodedSet, loadDecoded, saveDecoded } from '../decoded-cache.js';
import { entryKind } from '../entries.js';
import { checkSkipped } from '../image-source.js';
import { limits } from '../limits.js';
import { byName, type SplitName, splitNames, splitOf } from '../names.js';
import { type BadImage, type OpenOptions, sizeOf } from '../options.js';
import { decodedSplits, type OpenedSplits } from '../splits.js';
import { allocateLabels, allocatePixels, type LabelledPixels } from '../stores.js';
import { numberedClasses } from './idx.js';
import type { ImageExample } from './tf-features.js';

/** Files by split, in the order of their names. */
export type Files = ReadonlyMap<SplitName, readonly string[]>;

/** Files and how they are read. */
export interface EncodedFiles {
  readonly files: Files;
  /** The examples of files, one after the other; called twice. */
  readonly examples: (paths: readonly string[]) => AsyncIterable<Placed>;
  /** Names of classes, where the files say them. */
  readonly names?: readonly string[] | undefined;
}

const decodingVersion = 1;
const batchImages = 256;
const photograph = { height: 224, width: 224 };

/** A file of a format, or a folder of them: files by split, or undefined. */
export async function filesAt(place: string, fileName: RegExp): Promise<Files | undefined> {
  if ((await entryKind(place)) === 'file') return fileName.test(place) ? new Map([['train', [place]]]) : undefined;
  const found = (await readdir(place).catch(() => [])).filter((name) => fileName.test(name)).sort(byName);
  if (found.length === 0) return undefined;
  const files = new Map<SplitName, string[]>();
  for (const name of found) {
    const split = splitIn(name.replace(fileName, ''));
    files.set(split, [...(files.get(split) ?? []), path.join(place, name)]);
  }
  return files;
}

/** Opens files of a format: from the cache where they have been decoded before. */
export async function openEncoded(
  name: string,
  format: string,
  encoded: EncodedFiles,
  options: OpenOptions,
): Promise<OpenedSplits> {
  const key = JSON.stringify([
    format,
    decodingVersion,
    await identityOf(encoded.files),
    sizeOf(options.imageSize) ?? null,
    options.columns ?? null,
  ]);
  const kept = await loadDecoded(key);
  const set = kept ?? (await readAll(encoded, options));
  const [first] = set.badImages;
  if (first !== undefined && options.onBadImage !== 'skip')
    throw fileError('CONVOY_DATA', first.file, '', 'images that can be decoded', first.reason);
  if (kept === undefined) await saveDecoded(key, set);
  return decodedSplits(name, set);
}

/** The split that a word of a file's name says: `mnist-train`. */
function splitIn(name: string): SplitName {
  const words = name.split(/[^A-Za-z]+/);
  return words.map((word) => splitOf(word)).find((split) => split !== undefined) ?? 'train';
}

async function identityOf(files: Files): Promise<unknown> {
  return Promise.all(
    [...files].map(async ([split, paths]) => [
      split,
      ...(await Promise.all(
        paths.map(async (file) => [await realpath(file), (await stat(file)).size, (await stat(file)).mtimeMs]),
      )),
    ]),
  );
}

/** An example and where it is. */
export interface Placed extends ImageExample {
  readonly file: string;
  readonly place: string;
}

/** Reads all files twice: for counts, labels and sizes, then for pixels, so that encoded images never lie in memory together. */
async function readAll({ files, examples, names }: EncodedFiles, options: OpenOptions): Promise<DecodedSet> {
  const labels = new Map<SplitName, (number | string)[]>();
  let first: Placed | undefined;
  const mostClasses = names?.length ?? limits.numberedClasses;
  for (const [split, paths] of files) {
    const found: (number | string)[] = [];
    for await (const example of examples(paths)) {
      first ??= example;
      const { file, place, label } = example;
      if (typeof label !== typeof first.label)
        throw fileError('CONVOY_DATA', file, place, `a label as before (${typeof first.label})`, typeof label);
      if (typeof label === 'number' && !(label >= 0 && label < mostClasses))
        throw fileError('CONVOY_DATA', file, place, `a label from 0 to ${mostClasses - 1}`, String(label));
      found.push(label);
    }
    labels.set(split, found);
  }
  const [where = ''] = [...files.values()].flat();
  if (first === undefined) throw fileError('CONVOY_DATA', where, '', 'examples of an image and a label', 'none');
  if (!files.has('train'))
    throw fileError('CONVOY_DATA', where, '', 'files of the split train', [...files.keys()].join(', '));
  const labelNames =
    typeof first.label === 'string' ? [...new Set([...labels.values()].flat() as string[])].sort(byName) : undefined;
  const numbers = new Map([...labels].map(([split, list]) => [split, numbered(list, labelNames)]));
  const classes = labelNames ?? names ?? numberedClasses(...numbers.values());
  const wanted = sizeOf(options.imageSize);
  const found = first.raw ?? wanted ?? (await imageSize(first.image));
  const isSmall = Math.max(found.height, found.width) <= limits.smallImageSide;
  const size = first.raw ?? wanted ?? (isSmall ? found : photograph);
  const shape = { height: size.height, width: size.width, channels: first.raw?.channels ?? 3 };
  const decoding = { files, examples, labels: numbers, classes, options };
  try {
    return await decode(decoding, shape, wanted === undefined && isSmall);
  } catch (error) {
    if (!(error instanceof OtherSizeError)) throw error;
    return decode(decoding, { ...photograph, channels: 3 }, false);
  }
}

function numbered(
  list: readonly (number | string)[],
  names: readonly string[] | undefined,
): Int32Array<SharedArrayBuffer> {
  const places = new Map(names?.map((name, place) => [name, place]));
  const labels = allocateLabels(list.length);
  list.forEach((label, index) => {
    labels[index] = typeof label === 'number' ? label : (places.get(label) as number);
  });
  return labels;
}

interface Decoding extends EncodedFiles {
  readonly labels: ReadonlyMap<SplitName, Int32Array<SharedArrayBuffer>>;
  readonly classes: readonly string[];
  readonly options: OpenOptions;
}

/** @param exact whether an image of another size ends it with an `OtherSizeError`. */
async function decode(
  { files, examples, labels, classes, options }: Decoding,
  shape: ImageShape,
  exact: boolean,
): Promise<DecodedSet> {
  const badImages: BadImage[] = [];
  const splits = new Map<SplitName, LabelledPixels>();
  const bytes = imageBytes(shape);
  let total = 0;
  for (const [split, paths] of files) {
    const given = labels.get(split) as Int32Array<SharedArrayBuffer>;
    const pixels = allocatePixels(given.length, shape, paths[0] ?? '');
    total += given.length;
    let [seen, count] = [0, 0];
    let batch: Placed[] = [];
    const flush = async (): Promise<void> => {
      const bad = await decodePart(
        batch,
        shape,
        exact,
        pixels.subarray(count * bytes, (count + batch.length) * bytes),
        options,
      );
      let kept = count;
      for (let index = 0; index < batch.length; index++) {
        if (bad.has(index)) continue;
        pixels.copyWithin(kept * bytes, (count + index) * bytes, (count + index + 1) * bytes);
        given[kept++] = given[seen + index] as number;
      }
      badImages.push(...bad.values());
      [seen, count, batch] = [seen + batch.length, kept, []];
      options.onProgress?.({ what: 'decoding images', done: seen, total: given.length, unit: 'images' });
    };
    for await (const example of examples(paths)) {
      batch.push(example);
      if (batch.length === batchImages) await flush();
    }
    await flush();
    splits.set(split, { shape, count, pixels: pixels.subarray(0, count * bytes), labels: given.subarray(0, count) });
  }
  checkSkipped([...files.values()].flat()[0] ?? '', badImages, total);
  const [train, tested, validation] = splitNames.map((split) => splits.get(split));
  const test = tested ?? validation;
  return {
    classes,
    train: train as LabelledPixels,
    ...(test && { test }),
    ...(tested && validation && { validation }),
    badImages,
  };
}

/** Decodes examples into memory behind each other; gives the bad ones by place. */
async function decodePart(
  batch: readonly Placed[],
  shape: ImageShape,
  exact: boolean,
  into: Uint8Array,
  { onBadImage }: OpenOptions,
): Promise<Map<number, BadImage>> {
  const bad = new Map<number, BadImage>();
  const bytes = imageBytes(shape);
  const encoded: number[] = [];
  for (const [index, { image, raw, file, place }] of batch.entries()) {
    if (raw === undefined) encoded.push(index);
    else if (image.length === bytes && raw.height === shape.height && raw.width === shape.width)
      into.set(image, index * bytes);
    else {
      const expected = `${shape.height}x${shape.width}x${shape.channels} pixels as the first record has`;
      throw fileError('CONVOY_DATA', file, place, expected, `${raw.height}x${raw.width}x${raw.channels}`);
    }
  }
  const images = encoded.map((index) => (batch[index] as Placed).image);
  const decoded = await decodeBatch(images, shape, exact);
  encoded.forEach((index, at) => into.set(decoded.pixels.subarray(at * bytes, (at + 1) * bytes), index * bytes));
  for (const { index: at, error } of decoded.bad) {
    if (error instanceof OtherSizeError) throw error;
    const index = encoded[at] as number;
    const { file, place } = batch[index] as Placed;
    if (onBadImage !== 'skip') throw error.of(file, place);
    bad.set(index, { file: `${file}: ${place}`, reason: error.message });
  }
  return bad;
}
