import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { fileError } from '../../base/errors.js';
import type { Dataset } from '../../contracts/index.js';
import { entryKind } from '../entries.js';
import { openLabelledImages } from '../image-set.js';
import type { ImageLayout, LabelledPath } from '../layout.js';
import type { Listing } from '../listing.js';
import { byName, type SplitName, splitOf } from '../names.js';
import { stratifiedSplit } from '../split.js';
import type { OpenedSplits } from '../splits.js';
import { allocateLabels, signDataset } from '../stores.js';
import { defineDatasetFormat } from './define.js';
import { type LabelTable, readLabelTable } from './label-table.js';

/** Share of the images that is held out where a table of several labels has no test images. */
const testShare = 0.2;

/** A table of images and labels: CSV, TSV or JSON lines, beside or above the images. */
export const labels = defineDatasetFormat<string>({
  name: 'labels',
  description: 'a table of images and labels (.csv, .tsv, .jsonl)',
  columns: ['image', 'label', 'split'],
  async find(place) {
    const is = /\.(csv|tsv|jsonl|ndjson)$/i.test(place) && (await entryKind(place)) === 'file';
    return is ? { path: place, source: place } : 'no table of labels';
  },
  async open(file, { name, options }) {
    const text = await readFile(file, 'utf8');
    const table = readLabelTable(file, text, options.columns);
    const classes = classesOf(file, table);
    const places = new Map(classes.map((label, place) => [label, place]));
    const opened = await openLabelledImages(name, path.dirname(file), options, {
      identity: createHash('sha256')
        .update(JSON.stringify(options.columns ?? {}))
        .update(text)
        .digest('hex'),
      arrange: (listing) => layoutOf(file, table, listing, options.seed),
    });
    return relabelled(opened, table, classes, places);
  },
});

function classesOf(file: string, { rows, several, classes }: LabelTable): readonly string[] {
  const bare = several ? undefined : rows.find((row) => row.labels.length === 0);
  if (bare !== undefined) throw fileError('CONVOY_DATA', file, `line ${bare.line}`, 'a label', 'none');
  const found = classes ?? [...new Set(rows.flatMap((row) => row.labels))];
  const numbers = found.every((name) => /^\d+$/.test(name));
  const sorted = classes ?? [...found].sort(numbers ? (a, b) => Number(a) - Number(b) : byName);
  if (sorted.length < 2) throw fileError('CONVOY_DATA', file, '', 'at least two classes', sorted[0] ?? 'none');
  return sorted;
}

/** Splits of a table; a sample's label is the place of its row until `relabelled`. */
function layoutOf(file: string, { rows, several }: LabelTable, { files }: Listing, seed: number): ImageLayout {
  const splits = new Map<SplitName, LabelledPath[]>();
  const seen = new Map<string, number>();
  for (const [row, { line, path: given, split }] of rows.entries()) {
    const place = `line ${line}`;
    const image = path.posix.normalize(given.replaceAll('\\', '/'));
    if (!files.has(image)) {
      const expected = `an image in the folder of ${path.basename(file)}`;
      throw fileError('CONVOY_DATA', file, place, expected, `${given}, which is not there`);
    }
    const before = seen.get(image);
    if (before !== undefined) {
      throw fileError(
        'CONVOY_DATA',
        file,
        place,
        'each image once (several labels stand in one row, as cat|dog)',
        `${given}, which line ${before} has too`,
      );
    }
    seen.set(image, line);
    const wanted = split === undefined || split === '' ? 'train' : splitOf(split);
    if (wanted === undefined)
      throw fileError('CONVOY_DATA', file, place, 'a split: train, test or validation', split ?? '');
    splits.set(wanted, [...(splits.get(wanted) ?? []), { path: image, label: row }]);
  }
  const train = splits.get('train');
  if (train === undefined) throw fileError('CONVOY_DATA', file, '', 'images of the split train', 'none');
  const [test, validation] = [splits.get('test') ?? splits.get('validation'), splits.get('validation')];
  const others = [...files.keys()].filter((image) => !seen.has(image) && image !== path.basename(file)).length;
  const notes =
    others === 0 ? [] : [`${others} other files beside ${path.basename(file)} are not in it and are left out`];
  const classes = rows.map((_, row) => String(row));
  if (test === undefined && several) {
    const { kept, held } = stratifiedSplit(new Int32Array(train.length), testShare, seed);
    const at = (places: ArrayLike<number>): LabelledPath[] =>
      Array.from(places, (place) => train[place] as LabelledPath);
    const note = `${path.basename(file)} has no test images: a fifth is held out for the test (${held.length} images)`;
    return { classes, splits: { train: at(kept), test: at(held) }, notes: [...notes, note] };
  }
  return {
    classes,
    splits: {
      train,
      ...(test && { test }),
      ...(splits.has('test') && validation ? { validation } : {}),
    },
    notes,
  };
}

/** Gives samples the labels of their rows. */
function relabelled(
  { train, test, validation, ...rest }: OpenedSplits,
  { rows, several }: LabelTable,
  classes: readonly string[],
  places: ReadonlyMap<string, number>,
): OpenedSplits {
  const targetsOf = ({ targets, count }: Dataset): Dataset['targets'] => {
    if (targets.kind !== 'classes') return targets;
    const rowOf = (sample: number): readonly string[] => rows[targets.labels[sample] as number]?.labels ?? [];
    if (!several) {
      const found = allocateLabels(count);
      for (let sample = 0; sample < count; sample++) found[sample] = places.get(rowOf(sample)[0] ?? '') as number;
      return { kind: 'classes', labels: found };
    }
    const values = new Float32Array(new SharedArrayBuffer(4 * count * classes.length));
    for (let sample = 0; sample < count; sample++) {
      for (const label of rowOf(sample)) values[sample * classes.length + (places.get(label) as number)] = 1;
    }
    return { kind: 'multi-label', values };
  };
  // The fingerprint before names the images, row by row; this one names their labels too.
  const signed = (dataset: Dataset): Dataset =>
    signDataset({ ...dataset, classes, targets: targetsOf(dataset) }, { sizes: [], content: dataset.fingerprint });
  return {
    ...rest,
    train: signed(train),
    ...(test && { test: signed(test) }),
    ...(validation && { validation: signed(validation) }),
  };
}
