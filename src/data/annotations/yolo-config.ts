/** Classes and places of a dataset of YOLO. */
import { stat } from 'node:fs/promises';
import path from 'node:path';
import { fileError } from '../../base/errors.js';
import { entryKind, firstEntry } from '../entries.js';
import { isImageName } from '../names.js';
import { imagesBelow, linesOf, readText } from './files.js';

/** What `data.yaml` or `classes.txt` says. */
export interface YoloConfig {
  readonly file: string;
  readonly classes: readonly string[];
  /** Places of a split, as written; undefined where there is no YAML file. */
  readonly placesOf?: (split: string) => readonly string[] | undefined;
  /** Folders that places may be relative to, the likeliest first. */
  readonly bases: readonly string[];
}

/** Reads `data.yaml` (any name) or `classes.txt`. @throws ConvoyError `CONVOY_DATA`. */
export async function yoloConfig(place: string): Promise<YoloConfig> {
  const isFolder = (await entryKind(place)) === 'folder';
  const names = ['data.yaml', 'data.yml', 'dataset.yaml', 'classes.txt', 'labels/classes.txt'];
  const file = isFolder ? await firstEntry(place, names, 'file') : place;
  if (file === undefined) throw fileError('CONVOY_DATA', place, '', 'data.yaml or classes.txt', 'neither');
  const text = await readText(file);
  if (file.endsWith('.txt')) {
    const folder = isFolder ? place : path.dirname(file);
    return {
      file,
      classes: named(
        file,
        linesOf(text).map((line) => line.text),
      ),
      bases: [folder],
    };
  }
  const content = await parseYaml(file, text);
  const root = content['path'];
  const here = path.dirname(file);
  return {
    file,
    classes: named(file, namesIn(file, content)),
    placesOf: (split) => listed(file, split, content[split]),
    bases: [...(typeof root === 'string' ? [path.resolve(here, root)] : []), here],
  };
}

async function parseYaml(file: string, text: string): Promise<Readonly<Record<string, unknown>>> {
  const { parse, YAMLError } = await import('yaml'); // loaded where there is YAML to read
  let content: unknown;
  try {
    content = parse(text, { maxAliasCount: 0, prettyErrors: true, logLevel: 'error' });
  } catch (error) {
    const place = error instanceof YAMLError ? `line ${error.linePos?.[0].line ?? 1}` : '';
    throw fileError('CONVOY_DATA', file, place, 'YAML', (error as Error).message.split('\n')[0] ?? 'damage', error);
  }
  if (typeof content === 'object' && content !== null && !Array.isArray(content)) {
    return content as Readonly<Record<string, unknown>>;
  }
  throw fileError('CONVOY_DATA', file, '', 'keys as names and train', JSON.stringify(content).slice(0, 60));
}

/** `names` as a list, or with the number of each as its key. */
function namesIn(file: string, { names, nc }: Readonly<Record<string, unknown>>): string[] {
  if (typeof names !== 'object' || names === null) {
    throw fileError(
      'CONVOY_DATA',
      file,
      'names',
      'a list of classes',
      names === undefined ? 'none' : JSON.stringify(names),
    );
  }
  const entries = Object.entries(names).sort(([a], [b]) => Number(a) - Number(b));
  const gap = entries.findIndex(([key], index) => Number(key) !== index);
  if (gap >= 0) throw fileError('CONVOY_DATA', file, 'names', `class ${gap}`, JSON.stringify(entries[gap]?.[0]));
  if (nc !== undefined && nc !== entries.length) {
    throw fileError('CONVOY_DATA', file, 'nc', `${entries.length}, as many as names,`, JSON.stringify(nc));
  }
  return entries.map(([, name]) => String(name));
}

function named(file: string, classes: readonly string[]): readonly string[] {
  if (classes.length === 0) throw fileError('CONVOY_DATA', file, '', 'names of classes', 'none');
  return classes;
}

function listed(file: string, split: string, value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  const places: unknown[] = Array.isArray(value) ? value : [value];
  if (places.every((item) => typeof item === 'string')) return places;
  throw fileError(
    'CONVOY_DATA',
    file,
    split,
    'a folder, a list of images, or several',
    JSON.stringify(value).slice(0, 60),
  );
}

/** The image files of a split: below its folders, or of its lists. @throws ConvoyError `CONVOY_DATA`. */
export async function yoloImages(
  { file, placesOf, bases }: YoloConfig,
  split: string,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const places = placesOf === undefined ? await usualPlaces(bases[0] as string, split) : placesOf(split);
  if (places === undefined) throw fileError('CONVOY_DATA', file, split, 'a folder of images', 'none');
  const files: string[] = [];
  for (const place of places) {
    const found = await findPlace(bases, place);
    if (found === undefined) throw fileError('CONVOY_DATA', file, split, `the folder or list ${place}`, 'none');
    if ((await stat(found)).isDirectory()) {
      files.push(...(await imagesBelow(found, signal)).map((image) => path.join(found, image)));
    } else {
      for (const { text } of linesOf(await readText(found))) {
        if (isImageName(text)) files.push(path.resolve(path.dirname(found), text));
      }
    }
  }
  return files;
}

async function usualPlaces(folder: string, split: string): Promise<string[]> {
  const found = await firstEntry(folder, [path.join('images', split), 'images'], 'folder');
  return [found ?? folder];
}

/** Roboflow writes `../train/images` for a folder beside the YAML file. */
async function findPlace(bases: readonly string[], place: string): Promise<string | undefined> {
  for (const name of [place, place.replace(/^(\.\.\/)+/, '')]) {
    for (const base of bases) {
      const candidate = path.resolve(base, name);
      if ((await entryKind(candidate)) !== undefined) return candidate;
    }
  }
  return undefined;
}
