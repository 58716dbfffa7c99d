import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { ConvoyError, combinationError, fileError, valueError } from '../base/errors.js';
import type { Dataset } from '../contracts/index.js';

/** Which samples an epoch draws more often. */
export type SampleWeights =
  | { readonly name: 'balanced' }
  | {
      readonly name: 'weighted';
      /** A weight a class. */
      readonly classWeights?: readonly number[] | undefined;
      /** A file with a weight a sample. */
      readonly file?: string | undefined;
      /** That the file must have; default: any. */
      readonly sha256?: string | undefined;
    };

/**
 * The weight of each sample of a training split.
 *
 * A file holds a number a line in the order of the split's samples, a JSON list of them, or, for datasets of image files,
 * lines of `path,number` with paths below the dataset's folder; lines of other images are passed over.
 *
 * @returns weights, and the SHA-256 of the file.
 * @throws ConvoyError `CONVOY_OPTION` where they do not fit the dataset or their sum is 0, `CONVOY_DATA` where the file is
 *   missing, damaged, or not the one that `sha256` names.
 */
export async function sampleWeights(
  spec: SampleWeights,
  dataset: Dataset,
): Promise<{ readonly weights: Float64Array; readonly sha256?: string }> {
  if (spec.name === 'weighted' && spec.file !== undefined) return weightsOfFile(spec.file, spec.sha256, dataset);
  const { targets, classes } = dataset;
  if (targets.kind !== 'classes')
    throw combinationError(`sampler ${spec.name}`, 'needs', 'a dataset of one class per image, or weighted:file=FILE');
  const { labels } = targets;
  if (spec.name === 'balanced') {
    const counts = new Array<number>(classes.length).fill(0);
    for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
    return { weights: Float64Array.from(labels, (label) => 1 / (counts[label] as number)) };
  }
  const perClass = spec.classWeights ?? [];
  if (perClass.length !== classes.length)
    throw valueError('sampler.classWeights', `${classes.length} numbers, one for each class,`, perClass);
  const weights = Float64Array.from(labels, (label) => perClass[label] as number);
  if (!weights.some((weight) => weight > 0))
    throw valueError('sampler.classWeights', 'a weight above 0 for a class that has samples', perClass);
  return { weights };
}

async function weightsOfFile(file: string, known: string | undefined, dataset: Dataset) {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw fileError('CONVOY_DATA', file, '', 'a file of sample weights', error.message, error);
  });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (known !== undefined && known !== sha256) {
    const expected = `the weights that the run began with (SHA-256 ${known.slice(0, 12)}...)`;
    throw fileError('CONVOY_DATA', file, '', expected, `others (${sha256.slice(0, 12)}...)`);
  }
  const text = bytes.toString('utf8');
  const weights = text.trimStart().startsWith('[') ? listed(text, file) : lines(text, file, dataset);
  if (weights.length !== dataset.count) {
    const message =
      `${file}: expected a weight for each of the ${dataset.count} training samples of ${dataset.name} but found ` +
      `${weights.length}; samples held out for validation and those behind --limit have none`;
    throw new ConvoyError('CONVOY_OPTION', message, { file });
  }
  const wrong = weights.findIndex((weight) => !(Number.isFinite(weight) && weight >= 0));
  if (wrong >= 0)
    throw fileError('CONVOY_DATA', file, `weight ${wrong + 1}`, 'a number of at least 0', 'another value');
  if (!weights.some((weight) => weight > 0)) throw fileError('CONVOY_DATA', file, '', 'a weight above 0', 'none');
  return { weights: Float64Array.from(weights), sha256 };
}

function listed(text: string, file: string): number[] {
  try {
    const values: unknown = JSON.parse(text);
    if (Array.isArray(values)) return values.map((value) => (typeof value === 'number' ? value : Number.NaN));
  } catch (error) {
    throw fileError('CONVOY_DATA', file, '', 'a JSON list of numbers', (error as Error).message, error);
  }
  throw fileError('CONVOY_DATA', file, '', 'a JSON list of numbers', 'other JSON');
}

function lines(text: string, file: string, { store, name }: Dataset): number[] {
  const rows = text.split(/\r?\n/).filter((row) => row.trim() !== '');
  const named = new Map<string, number>();
  const plain: number[] = [];
  for (const row of rows) {
    const at = row.lastIndexOf(',');
    const value = row.slice(at + 1).trim();
    const weight = value === '' ? Number.NaN : Number(value);
    if (at < 0) plain.push(weight);
    else named.set(row.slice(0, at).trim(), weight);
  }
  if (named.size === 0) return plain;
  if (plain.length > 0)
    throw fileError('CONVOY_DATA', file, '', 'lines of one form', 'some with a path and some without');
  const paths = store.kind === 'files' ? store.paths : store.names;
  if (paths === undefined) {
    const message = `lines of path,number in ${file}`;
    throw combinationError(message, 'needs', `a dataset of image files; ${name} takes a number a line`);
  }
  return paths.map((path) => {
    const weight = named.get(path);
    if (weight === undefined) throw fileError('CONVOY_DATA', file, path, 'a line with its weight', 'none');
    return weight;
  });
}
