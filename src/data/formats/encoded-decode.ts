/** Examples of files, decoded into memory. */
import { fileError } from '../../base/errors.js';
import { type ImageShape, imageBytes } from '../../contracts/index.js';
import { decodeBatch, OtherSizeError } from '../../images/index.js';
import type { DecodedSet } from '../decoded-cache.js';
import { checkSkipped } from '../image-source.js';
import { type SplitName, splitNames } from '../names.js';
import type { BadImage, OpenOptions } from '../options.js';
import { allocatePixels, type LabelledPixels } from '../stores.js';
import type { EncodedFiles, Placed } from './encoded-files.js';

const batchImages = 256;

interface Decoding extends EncodedFiles {
  readonly labels: ReadonlyMap<SplitName, Int32Array<SharedArrayBuffer>>;
  readonly classes: readonly string[];
  readonly options: OpenOptions;
}

/**
 * Reads the files again, for pixels.
 *
 * @param exact whether an image of another size ends it with an `OtherSizeError`.
 */
export async function decodeExamples(
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
