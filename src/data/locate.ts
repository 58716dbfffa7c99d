import { stat } from 'node:fs/promises';
import path from 'node:path';
import { type CatalogEntry, catalog } from './catalog.js';
import { searchPlaces } from './places.js';

/** The four files of an MNIST-like dataset. */
export interface IdxFiles {
  readonly trainImages: string;
  readonly trainLabels: string;
  readonly testImages: string;
  readonly testLabels: string;
}

/** A dataset found on disk, in the form it lies there. */
export type Found =
  | { readonly form: 'idx'; readonly folder: string; readonly files: IdxFiles }
  /** `source` is a tar(.gz) archive or a folder of CIFAR's binary files. */
  | { readonly form: 'cifar'; readonly source: string }
  /** `source` is a tar(.gz) archive or a folder of encoded images. */
  | { readonly form: 'images'; readonly source: string };

/** What looking for a dataset gave. */
interface Search {
  readonly found?: Found;
  /** One line for each place looked at before, with what was missing there. */
  readonly lookedAt: readonly string[];
}

async function kindOf(file: string): Promise<'file' | 'folder' | undefined> {
  const facts = await stat(file).catch(() => undefined);
  if (facts === undefined) return undefined;
  return facts.isDirectory() ? 'folder' : facts.isFile() ? 'file' : undefined;
}

/** The first of `names` that is a file (or folder) in `folder`. */
async function firstOf(folder: string, names: readonly string[], kind: 'file' | 'folder'): Promise<string | undefined> {
  for (const name of names) {
    const candidate = path.join(folder, name);
    if ((await kindOf(candidate)) === kind) return candidate;
  }
  return undefined;
}

async function findIdx(folder: string): Promise<Found | string> {
  // Unpacked copies are spelt with a dot before `idx` by some tools.
  const one = (stem: string, idx: string): Promise<string | undefined> => {
    const plain = [`${stem}-${idx}-ubyte`, `${stem}.${idx}-ubyte`];
    return firstOf(folder, [...plain, ...plain.map((name) => `${name}.gz`)], 'file');
  };
  const trainImages = await one('train-images', 'idx3');
  const trainLabels = await one('train-labels', 'idx1');
  const testImages = await one('t10k-images', 'idx3');
  const testLabels = await one('t10k-labels', 'idx1');
  if (trainImages && trainLabels && testImages && testLabels) {
    return { form: 'idx', folder, files: { trainImages, trainLabels, testImages, testLabels } };
  }
  const missing = Object.entries({
    'train-images-idx3-ubyte': trainImages,
    'train-labels-idx1-ubyte': trainLabels,
    't10k-images-idx3-ubyte': testImages,
    't10k-labels-idx1-ubyte': testLabels,
  }).filter(([, file]) => file === undefined);
  return `no ${missing.map(([name]) => name).join(', ')}`;
}

async function findCifar(folder: string, entry: CatalogEntry): Promise<Found | string> {
  const ten = entry.name === 'cifar10';
  const binaryFolder = ten ? 'cifar-10-batches-bin' : 'cifar-100-binary';
  const firstBinary = ten ? 'data_batch_1.bin' : 'train.bin';
  for (const source of [folder, path.join(folder, binaryFolder)]) {
    if ((await kindOf(path.join(source, firstBinary))) === 'file') return { form: 'cifar', source };
  }
  const archive = entry.files[0]?.name ?? '';
  const binary = await firstOf(folder, [archive, archive.replace(/\.gz$/, '')], 'file');
  if (binary !== undefined) return { form: 'cifar', source: binary };
  const images = `${entry.name}-images`;
  const packed = await firstOf(folder, [`${images}.tar.gz`, `${images}.tgz`, `${images}.tar`], 'file');
  if (packed !== undefined) return { form: 'images', source: packed };
  const parts = [await firstOf(folder, ['train'], 'folder'), await firstOf(folder, ['test'], 'folder')];
  const first = await firstOf(path.join(folder, 'train'), [entry.classes[0] ?? ''], 'folder');
  if (parts.every(Boolean) && first !== undefined) return { form: 'images', source: folder };
  return `no ${archive}, ${binaryFolder}/${firstBinary}, ${images}.tar.gz or train/ and test/ with its classes`;
}

/** Looks for a dataset of the catalog in every place it may be (see `searchPlaces`). */
export async function locateDataset(entry: CatalogEntry, dataDir?: string): Promise<Search> {
  const foreign = catalog.filter((other) => other !== entry).flatMap((other) => other.folders);
  const lookedAt: string[] = [];
  for (const { folder, why } of searchPlaces(entry.name, entry.folders, foreign, dataDir)) {
    if ((await kindOf(folder)) !== 'folder') {
      lookedAt.push(`${folder} (${why}): no such folder`);
      continue;
    }
    const found = entry.format === 'idx' ? await findIdx(folder) : await findCifar(folder, entry);
    if (typeof found !== 'string') return { found, lookedAt };
    lookedAt.push(`${folder} (${why}): ${found}`);
  }
  return { lookedAt };
}
