/** The first reading of files of examples: what is in them, without their pixels. */
import { crc32 } from 'node:zlib';
import { fileError } from '../../base/errors.js';
import { emptyStretches, type FileStretches } from '../../contracts/index.js';
import { limits } from '../limits.js';
import { byName, type SplitName } from '../names.js';
import { allocateLabels } from '../stores.js';
import type { EncodedFiles, Placed } from './encoded-files.js';
import { numberedClasses } from './idx.js';

/** Examples that are looked at for the size: of as many, one can be decoded. */
const sizeSamples = 16;

/** What the examples of a split are. */
export interface SurveyedSplit {
  readonly labels: Int32Array<SharedArrayBuffer>;
  /** Lengths and checksums of the images; offsets where they lie in the files as they are. */
  readonly stretches: FileStretches;
  /** Place of each image's file among the split's files. */
  readonly numbers: Uint32Array;
}

/** What there is. */
export interface Survey {
  readonly splits: ReadonlyMap<SplitName, SurveyedSplit>;
  readonly classes: readonly string[];
  /** The first examples, one of which tells the size of images. */
  readonly first: readonly Placed[];
  /** Whether every image lies in its file as it is. */
  readonly inPlace: boolean;
}

/**
 * Reads all examples once.
 *
 * @throws ConvoyError `CONVOY_DATA` for labels that do not go together, and files without examples or training data.
 */
export async function surveyOf({ files, examples, names }: EncodedFiles): Promise<Survey> {
  const found = new Map<SplitName, Omit<SurveyedSplit, 'labels'> & { readonly labels: (number | string)[] }>();
  const samples: Placed[] = [];
  let inPlace = true;
  const mostClasses = names?.length ?? limits.numberedClasses;
  for (const [split, paths] of files) {
    const labels: (number | string)[] = [];
    const columns: Record<keyof FileStretches | 'numbers', number[]> = {
      offsets: [],
      lengths: [],
      checksums: [],
      numbers: [],
    };
    const places = new Map(paths.map((file, number) => [file, number]));
    for await (const example of examples(paths)) {
      if (samples.length < sizeSamples) samples.push(example);
      const first = samples[0] as Placed;
      const { file, place, label, image, offset } = example;
      if (typeof label !== typeof first.label)
        throw fileError('CONVOY_DATA', file, place, `a label as before (${typeof first.label})`, typeof label);
      if (typeof label === 'number' && !(label >= 0 && label < mostClasses))
        throw fileError('CONVOY_DATA', file, place, `a label from 0 to ${mostClasses - 1}`, String(label));
      labels.push(label);
      inPlace &&= offset !== undefined;
      columns.offsets.push(offset ?? 0);
      columns.lengths.push(image.length);
      columns.checksums.push(crc32(image));
      columns.numbers.push(places.get(file) as number);
    }
    const stretches = emptyStretches(labels.length);
    for (const column of ['offsets', 'lengths', 'checksums'] as const) stretches[column].set(columns[column]);
    found.set(split, { labels, stretches, numbers: Uint32Array.from(columns.numbers) });
  }
  const [where = ''] = [...files.values()].flat();
  const [first] = samples;
  if (first === undefined) throw fileError('CONVOY_DATA', where, '', 'examples of an image and a label', 'none');
  if (!files.has('train'))
    throw fileError('CONVOY_DATA', where, '', 'files of the split train', [...files.keys()].join(', '));
  const labelNames =
    typeof first.label === 'string'
      ? [...new Set([...found.values()].flatMap(({ labels }) => labels as string[]))].sort(byName)
      : undefined;
  const splits = new Map(
    [...found].map(([split, part]) => [split, { ...part, labels: numbered(part.labels, labelNames) }]),
  );
  const numbers = [...splits.values()].map(({ labels }) => labels);
  return { splits, classes: labelNames ?? names ?? numberedClasses(...numbers), first: samples, inPlace };
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
