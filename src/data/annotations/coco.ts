/** Object annotations of COCO: `instances_*.json`; cocodataset.org, data format. */
import { fileError } from '../../base/errors.js';
import { limits } from '../limits.js';
import { checkAborted } from '../options.js';
import { type CocoSource, cocoObject } from './coco-object.js';
import type { AnnotatedImage, AnnotatedObject, Annotations, ReadOptions } from './contract.js';
import { checkImageFile, fileInside, sizeOfImage } from './files.js';
import { readJson } from './json-file.js';
import { Problems } from './problems.js';

type Entry = Readonly<Record<string, unknown>>;

/**
 * Reads COCO's annotations. Classes are the categories by their numbers, which may have gaps; `classIds` keeps the numbers.
 *
 * @param file the annotations, JSON.
 * @param imageFolder where the images lie.
 * @throws ConvoyError `CONVOY_DATA` naming file and object.
 */
export async function readCoco(file: string, imageFolder: string, options: ReadOptions = {}): Promise<Annotations> {
  const problems = new Problems(options);
  const content = await readJson(file);
  const categories = entriesOf(file, content, 'categories')
    .map((entry, index) => ({
      id: integer(file, `categories[${index}]`, entry, 'id'),
      name: nameOf(file, entry, index),
    }))
    .sort((a, b) => a.id - b.id);
  const indices = new Map(categories.map(({ id }, index) => [id, index]));
  refuseTwice(
    file,
    'categories',
    categories.map(({ id }) => id),
  );
  const images = new Map<number, { image: Omit<AnnotatedImage, 'objects'>; objects: AnnotatedObject[] }>();
  const entries = entriesOf(file, content, 'images');
  const known = entries.map((entry, index) => integer(file, `images[${index}]`, entry, 'id'));
  refuseTwice(file, 'images', known);
  for (const [index, entry] of entries.entries()) {
    checkAborted(options.signal, `reading ${file}`);
    const image = await problems.tryLater(() => readImage(file, imageFolder, entry, known[index] as number));
    if (image !== undefined) images.set(known[index] as number, { image, objects: [] });
  }
  const knownIds = new Set(known);
  entriesOf(file, content, 'annotations').forEach((entry, index) =>
    problems.try(() => {
      const place = `annotation ${typeof entry['id'] === 'number' ? entry['id'] : `[${index}]`}`;
      const source: CocoSource = { file, place, entry };
      const id = integer(file, place, entry, 'image_id');
      if (!knownIds.has(id)) throw fileError('CONVOY_DATA', file, place, 'the number of an image', String(id));
      const category = integer(file, place, entry, 'category_id');
      const classIndex = indices.get(category);
      if (classIndex === undefined)
        throw fileError('CONVOY_DATA', file, place, 'the number of a category', String(category));
      const owner = images.get(id); // none where the image was left out
      owner?.objects.push(cocoObject(source, classIndex, owner.image));
    }),
  );
  return {
    images: [...images.values()].map(({ image, objects }) => ({ ...image, objects })),
    classes: categories.map(({ name }) => name),
    classIds: categories.map(({ id }) => id),
    problems: problems.list,
  };
}

async function readImage(
  file: string,
  folder: string,
  entry: Entry,
  id: number,
): Promise<Omit<AnnotatedImage, 'objects'>> {
  const place = `image ${id}`;
  const name = entry['file_name'];
  if (typeof name !== 'string' || name === '') throw fileError('CONVOY_DATA', file, place, 'a file_name', shown(name));
  const image = fileInside(folder, name, file, place);
  await checkImageFile(image, file, place);
  const { width, height } = entry;
  if (width === undefined || height === undefined || width === null || height === null) {
    return { file: image, id, ...(await sizeOfImage(image)) };
  }
  if (!isSide(width) || !isSide(height)) {
    const found = `${shown(width)} and ${shown(height)}`;
    throw fileError('CONVOY_DATA', file, place, 'width and height as integers of 1 or more', found);
  }
  if (width * height > limits.imagePixels) {
    throw fileError('CONVOY_DATA', file, place, `at most ${limits.imagePixels} pixels`, `${width}x${height}`);
  }
  return { file: image, id, width, height };
}

const isSide = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 1;

function entriesOf(file: string, content: unknown, key: string): Entry[] {
  const list = typeof content === 'object' && content !== null ? (content as Entry)[key] : undefined;
  if (!Array.isArray(list)) throw fileError('CONVOY_DATA', file, '', `an object with a list "${key}"`, shown(list));
  return list.map((entry: unknown, index): Entry => {
    if (typeof entry === 'object' && entry !== null) return entry as Entry;
    throw fileError('CONVOY_DATA', file, `${key}[${index}]`, 'an object', shown(entry));
  });
}

function integer(file: string, place: string, entry: Entry, key: string): number {
  const value = entry[key];
  if (Number.isSafeInteger(value)) return value as number;
  throw fileError('CONVOY_DATA', file, place, `an integer "${key}"`, shown(value));
}

function nameOf(file: string, entry: Entry, index: number): string {
  const name = entry['name'];
  if (typeof name === 'string' && name !== '') return name;
  throw fileError('CONVOY_DATA', file, `categories[${index}]`, 'a "name"', shown(name));
}

function refuseTwice(file: string, key: string, ids: readonly number[]): void {
  const seen = new Set<number>();
  for (const id of ids) {
    if (seen.has(id)) throw fileError('CONVOY_DATA', file, key, 'each number once', `${id} twice`);
    seen.add(id);
  }
}

function shown(value: unknown): string {
  return value === undefined ? 'none' : JSON.stringify(value).slice(0, 60);
}
