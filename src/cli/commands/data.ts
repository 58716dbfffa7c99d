import { basename } from 'node:path';
import type { DatasetInfo } from '../../api/data.js';
import { classTable } from '../class-table.js';
import { defineCommand } from '../define.js';
import { argument, option } from '../options.js';
import { existingFolder, integer } from '../parsers.js';
import { dataProgress } from '../progress.js';
import { columns, imageSizeOption, seedOrZero } from '../shared-options.js';
import { grouped, type Terminal, table } from '../terminal.js';

const dataDir = option('--data-dir <dir>', 'the only folder to look in (default: $CONVOY_DATA, system, cache)', {
  parse: existingFolder,
});

const list = defineCommand({
  name: 'list',
  description: 'The datasets that convoy knows by name, and where they are.',
  options: [dataDir],
  action: (_, flags, terminal) => listDatasets(flags.dataDir, terminal),
});

const info = defineCommand({
  name: 'info',
  description: 'Size, classes and samples by class of a dataset, read from its files; nothing is downloaded.',
  arguments: [argument('<name|path>', 'a name of the list, or an image folder or tar(.gz) archive')],
  options: [dataDir, imageSizeOption, columns, seedOrZero],
  action: ([name], flags, terminal) => showDataset(name, flags, terminal),
});

const convert = defineCommand({
  name: 'convert',
  description: 'Writes a dataset as TFRecord files of tf.train.Example, in shards.',
  alsoCalled: ['export', 'tfrecord'],
  arguments: [argument('<name|path>', 'a name of the list, or a path as train --dataset takes it')],
  options: [
    option('--out <folder>', 'folder for the files (default: NAME-tfrecord)'),
    option('--shard-images <n>', 'images of one file', { parse: integer(), default: 1000 }),
    dataDir,
    imageSizeOption,
    columns,
    seedOrZero,
  ],
  async action([name], { out, shardImages, dataDir: folder, imageSize, columns, seed }, terminal) {
    const { convertDataset } = await import('../../api/data.js');
    const progress = dataProgress(terminal);
    const { files, counts } = await convertDataset({
      name,
      seed,
      shardImages,
      out: out ?? `${basename(name)}-tfrecord`,
      onProgress: progress.update,
      ...(folder === undefined ? {} : { dataDir: folder }),
      ...(imageSize === undefined ? {} : { imageSize }),
      ...(columns === undefined ? {} : { columns }),
    }).finally(progress.end);
    terminal.record({ type: 'converted', files, counts });
    const images = Object.entries(counts).map(([split, count]) => `${grouped(count)} ${split}`);
    terminal.line(
      `${images.join(', ')} images in ${files.length} files: ${files[0] ?? ''}${files.length > 1 ? ' ...' : ''}`,
    );
  },
});

const pack = defineCommand({
  name: 'pack',
  description:
    'Writes a dataset as one file, which --dataset takes: pixels of small images or with --image-size, photographs as they are.',
  arguments: [argument('<name|path>', 'a name of the list, or a path as train --dataset takes it')],
  options: [option('--out <file>', 'the file (default: NAME.pack)'), dataDir, imageSizeOption, columns, seedOrZero],
  async action([name], { out, dataDir: folder, imageSize, columns, seed }, terminal) {
    const { packDataset } = await import('../../api/data.js');
    const progress = dataProgress(terminal);
    const { file, bytes, store, counts } = await packDataset({
      name,
      seed,
      out: out ?? `${basename(name)}.pack`,
      onProgress: progress.update,
      ...(folder === undefined ? {} : { dataDir: folder }),
      ...(imageSize === undefined ? {} : { imageSize }),
      ...(columns === undefined ? {} : { columns }),
    }).finally(progress.end);
    terminal.record({ type: 'packed', file, bytes, store, counts });
    const images = Object.entries(counts).map(([split, count]) => `${grouped(count)} ${split}`);
    const kept = store === 'pixels' ? 'as pixels' : 'as encoded images';
    terminal.line(`${images.join(', ')} images ${kept}: ${file} (${(bytes / 2 ** 20).toFixed(1)} MiB)`);
    terminal.line(`convoy train --dataset ${file} trains on it`);
  },
});

export const data = defineCommand({
  name: 'data',
  description: 'What datasets there are, what is in them, and TFRecord or packed files of them.',
  alsoCalled: ['dataset', 'datasets'],
  commands: [list, info, convert, pack],
});

interface ShowOptions {
  readonly dataDir: string | undefined;
  readonly seed: number;
  readonly imageSize: readonly [height: number, width: number] | undefined;
  readonly columns: Readonly<Record<string, string>> | undefined;
}

async function listDatasets(dataDir: string | undefined, terminal: Terminal): Promise<void> {
  const { describeDatasets } = await import('../../api/data.js');
  const rows: string[][] = [];
  for (const info of await describeDatasets(dataDir)) {
    const { name, title, shape, classes, trainCount, testCount } = info.entry;
    terminal.record({
      type: 'dataset',
      name,
      title,
      shape,
      classes: classes.length,
      trainCount,
      testCount,
      ...whereabouts(info),
    });
    const size = `${shape.height}x${shape.width}x${shape.channels}`;
    rows.push([
      name,
      size,
      `${classes.length} classes`,
      `${grouped(trainCount)} + ${grouped(testCount)}`,
      title,
      whereInWords(info),
    ]);
  }
  terminal.line(table(rows, new Set([3])));
}

async function showDataset(
  name: string,
  { dataDir, seed, imageSize, columns }: ShowOptions,
  terminal: Terminal,
): Promise<void> {
  const { catalogEntry, datasetInfo, openDataset, samplesPerClass } = await import('../../api/data.js');
  const known = catalogEntry(name) === undefined ? undefined : await datasetInfo(name, dataDir);
  if (known?.state === 'missing') {
    tellMissing(terminal, known);
    return;
  }
  const progress = dataProgress(terminal);
  const opened = await openDataset({
    name,
    seed,
    download: false,
    onBadImage: 'skip',
    onProgress: progress.update,
    ...(dataDir === undefined ? {} : { dataDir }),
    ...(imageSize === undefined ? {} : { imageSize }),
    ...(columns === undefined ? {} : { columns }),
  }).finally(progress.end);
  const splits = [opened.train, ...(opened.validation === undefined ? [] : [opened.validation]), opened.test];
  const { shape, classes, store } = opened.train;
  terminal.record({
    type: 'dataset',
    name,
    ...(known === undefined ? {} : { title: known.entry.title, ...whereabouts(known) }),
    shape,
    classes,
    store: store.kind,
    splits: splits.map((split) => ({
      split: split.split,
      count: split.count,
      perClass: samplesPerClass(split),
      fingerprint: split.fingerprint,
    })),
    badImages: opened.badImages,
    notes: opened.notes,
  });
  terminal.line(`${name}: ${known?.entry.title ?? 'images'}`);
  if (known?.path !== undefined) terminal.line(`found:   ${known.path}`);
  const kept = store.kind === 'pixels' ? 'in memory' : 'files on disk, decoded when needed';
  terminal.line(
    `images:  ${shape.height}x${shape.width}, ${shape.channels === 1 ? 'grey' : `${shape.channels} channels`}, ${kept}`,
  );
  terminal.line(`samples: ${splits.map(({ split, count }) => `${grouped(count)} ${split}`).join(', ')}`);
  terminal.line(`classes: ${classes.length}`);
  terminal.line(classTable(splits, splits.map(samplesPerClass)));
  for (const note of opened.notes) terminal.note(note);
  for (const { file, reason } of opened.badImages) terminal.note(`cannot be used: ${file}: ${reason}`);
}

function tellMissing(terminal: Terminal, info: DatasetInfo): void {
  const { name, title, shape, classes, trainCount, testCount } = info.entry;
  terminal.record({ type: 'dataset', name, title, shape, classes, trainCount, testCount, ...whereabouts(info) });
  terminal.line(`${name}: ${title}; ${whereInWords(info)}`);
  terminal.line(
    `images:  ${shape.height}x${shape.width}x${shape.channels}, ${grouped(trainCount)} train, ${grouped(testCount)} test, ${classes.length} classes`,
  );
  terminal.line(['looked at:', ...info.lookedAt].join('\n  '));
  terminal.line(['train downloads it from:', ...info.addresses].join('\n  '));
}

function whereabouts({ state, path, downloadBytes, addresses }: DatasetInfo): Record<string, unknown> {
  return {
    state,
    ...(path === undefined ? {} : { path }),
    ...(state === 'missing' ? { downloadBytes, addresses } : {}),
  };
}

function whereInWords({ state, path, downloadBytes }: DatasetInfo): string {
  if (state === 'drawn') return 'needs no files';
  return state === 'found' ? `in ${path ?? ''}` : `not here (download of ${(downloadBytes / 2 ** 20).toFixed(0)} MiB)`;
}
