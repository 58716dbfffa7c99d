/** Examples that are too large for memory: each is read from its file when it is needed. */
import { createHash } from 'node:crypto';
import { mkdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { markUsed, warnOfCache } from '../../base/cache-folder.js';
import { removeDeadParts } from '../../base/part-file.js';
import type { Dataset, ImageShape } from '../../contracts/index.js';
import { splitNames } from '../names.js';
import type { OpenOptions } from '../options.js';
import { openPacked, type PackSplit, writePacked } from '../packed/index.js';
import { streamFolder } from '../places.js';
import { pngOf } from '../png.js';
import type { OpenedSplits } from '../splits.js';
import type { EncodedFiles } from './encoded-files.js';
import type { Survey } from './encoded-survey.js';

/** The cache's packed file for a key: an index of the files, or their images where these are packed inside. */
const cachedFile = (key: string): string =>
  path.join(streamFolder(), `${createHash('sha256').update(key).digest('hex').slice(0, 32)}.pack`);

/** The splits that were indexed before; undefined where they were not, or the index is damaged (it is then removed). */
export async function keptStream(
  name: string,
  key: string,
  { files }: EncodedFiles,
  { signal }: OpenOptions,
): Promise<OpenedSplits | undefined> {
  const file = cachedFile(key);
  if ((await stat(file).catch(() => undefined)) === undefined) return undefined;
  try {
    const { splits, notes } = await openPacked(file, folderOf(files), signal);
    await markUsed(file);
    return opened(name, splits, notes);
  } catch (error) {
    if (signal?.aborted) throw error;
    await rm(file, { force: true });
    return undefined;
  }
}

/**
 * The splits of a survey, as images in files: in their own where they lie there as they are, else in a packed file in the
 * cache, which takes as much disk as the images.
 *
 * @throws ConvoyError `CONVOY_DISK` where that cannot be written.
 */
export async function stream(
  name: string,
  key: string,
  {
    encoded,
    survey,
    shape,
    notes,
  }: {
    readonly encoded: EncodedFiles;
    readonly survey: Survey;
    readonly shape: ImageShape;
    readonly notes: readonly string[];
  },
  { onProgress, signal }: OpenOptions,
): Promise<OpenedSplits> {
  const { files, examples } = encoded;
  const { classes, inPlace } = survey;
  const all = [...files.values()].flat();
  const root = folderOf(files);
  const datasets: Dataset[] = [];
  const splits: PackSplit[] = [];
  for (const [split, { labels, stretches, numbers }] of survey.splits) {
    const [count, paths] = [labels.length, files.get(split) ?? []];
    const facts = JSON.stringify([split, count, classes, shape.height, shape.width, shape.channels]);
    const hash = createHash('sha256')
      .update(facts)
      .update(labels)
      .update(stretches.lengths)
      .update(stretches.checksums);
    const dataset = { split, count, targets: { kind: 'classes', labels }, fingerprint: hash.digest('hex') } as const;
    const own = Array.from(numbers, (number) => path.relative(root, paths[number] as string));
    datasets.push({ ...dataset, name, classes, shape, store: { kind: 'files', root, paths: own, stretches } });
    const places = paths.map((file) => all.indexOf(file));
    const images = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
      let done = 0;
      for await (const { image, raw } of examples(paths)) {
        if (done++ % 256 === 0) onProgress?.({ what: 'unpacking images', done, total: count, unit: 'images' });
        yield raw === undefined ? image : await pngOf(image, raw, 0);
      }
    };
    splits.push({
      ...dataset,
      images: inPlace
        ? { kind: 'elsewhere', stretches, numbers: numbers.map((number) => places[number] as number) }
        : { kind: 'images', images: images() },
    });
  }
  const file = cachedFile(key);
  const names = inPlace ? all.map((one) => path.relative(root, one)) : [];
  const source = { name, classes: [...classes], shape, files: names, notes: [...notes], splits };
  try {
    await mkdir(path.dirname(file), { recursive: true });
    await writePacked(file, source);
    await removeDeadParts(path.dirname(file));
  } catch (error) {
    // Without an index the files are read again next time; without their images nothing can go on.
    if (!inPlace) throw error;
    warnOfCache(file, error);
  }
  if (inPlace) return opened(name, datasets, notes);
  const unpacked = await openPacked(file, undefined, signal);
  return opened(name, unpacked.splits, notes);
}

const folderOf = (files: EncodedFiles['files']): string =>
  path.resolve(path.dirname([...files.values()].flat()[0] ?? ''));

function opened(name: string, datasets: readonly Dataset[], notes: readonly string[]): OpenedSplits {
  const [train, tested, validation] = splitNames.map((split) => datasets.find((dataset) => dataset.split === split));
  const test = tested ?? (validation && { ...validation, split: 'test' as const });
  return {
    train: { ...(train as Dataset), name },
    ...(test && { test: { ...test, name } }),
    ...(tested && validation && { validation: { ...validation, name } }),
    badImages: [],
    imageCount: datasets.reduce((sum, { count }) => sum + count, 0),
    notes,
  };
}
