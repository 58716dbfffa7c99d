/** Parquet files of encoded images as Hugging Face's datasets write them: a column `image` of bytes and path, and one of labels. */
import { open } from 'node:fs/promises';
import type { FileMetaData } from 'hyparquet';
import { fileError } from '../../base/errors.js';
import { errorText } from '../bytes.js';
import { type Columns, checkAborted, type OpenOptions } from '../options.js';
import { defineDatasetFormat } from './define.js';
import { type Files, filesAt, type Placed } from './encoded-files.js';
import { openEncoded } from './encoded-set.js';

const fileName = /\.parquet$/i;
const imageColumns = ['image', 'img', 'images', 'picture', 'jpg', 'png'];
const labelColumns = ['label', 'labels', 'fine_label', 'class', 'target', 'category', 'cls'];

export const parquet = defineDatasetFormat<Files>({
  name: 'parquet',
  description: 'Parquet files of images (.parquet, or a folder of them)',
  columns: ['image', 'label'],
  async find(place) {
    const source = await filesAt(place, fileName);
    return source === undefined ? 'no .parquet files' : { path: place, source };
  },
  async open(files, { name, options }) {
    const [first = ''] = [...files.values()].flat();
    const { metadata, close } = await openParquet(first);
    await close();
    const names = classNames(metadata, options.columns);
    return openEncoded(name, 'parquet', { files, names, examples: (paths) => examplesOf(paths, options) }, options);
  },
});

/** A file that is open. */
interface OpenParquet {
  readonly metadata: FileMetaData;
  /** Rows with some columns. */
  readonly rows: (start: number, end: number, columns: readonly string[]) => Promise<Record<string, unknown>[]>;
  readonly close: () => Promise<void>;
}

/** Opens a file; parts of it are read, never the whole. */
async function openParquet(file: string): Promise<OpenParquet> {
  const { parquetMetadataAsync, parquetReadObjects } = await import('hyparquet');
  const handle = await open(file);
  const { size } = await handle.stat();
  const buffer = {
    byteLength: size,
    async slice(start: number, end = size): Promise<ArrayBuffer> {
      const bytes = new Uint8Array(Math.max(0, Math.min(end, size) - start));
      await handle.read(bytes, 0, bytes.length, start);
      return bytes.buffer;
    },
  };
  const damaged = (error: unknown): never => {
    throw fileError('CONVOY_DATA', file, '', 'a whole Parquet file', errorText(error), error);
  };
  try {
    const metadata = await parquetMetadataAsync(buffer).catch(damaged);
    return {
      metadata,
      rows: (rowStart, rowEnd, columns) =>
        parquetReadObjects({ file: buffer, metadata, rowStart, rowEnd, columns: [...columns], utf8: false }).catch(
          damaged,
        ),
      close: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Names of classes that Hugging Face keeps in a file's metadata. */
function classNames(
  { key_value_metadata: entries = [] }: FileMetaData,
  { label }: Columns = {},
): readonly string[] | undefined {
  const text = entries.find(({ key }) => key === 'huggingface')?.value;
  try {
    const features = (JSON.parse(text ?? '{}') as { info?: { features?: Record<string, { names?: unknown }> } }).info
      ?.features;
    const names = (label === undefined ? labelColumns : [label])
      .map((column) => features?.[column]?.names)
      .find(Array.isArray);
    return names?.every((name) => typeof name === 'string') ? (names as string[]) : undefined;
  } catch {
    return undefined; // another program's words
  }
}

/** Row group after row group; one is in memory at a time. */
async function* examplesOf(
  paths: readonly string[],
  { signal, columns }: OpenOptions,
): AsyncGenerator<Placed, void, undefined> {
  for (const file of paths) {
    const { metadata, rows, close } = await openParquet(file);
    try {
      const [image, label] = columnsOf(file, metadata, columns);
      let start = 0;
      for (const { num_rows: count } of metadata.row_groups) {
        checkAborted(signal, `reading ${file}`);
        const end = start + Number(count);
        const group = await rows(start, end, [image, label]);
        for (const [index, row] of group.entries()) yield placed(file, start + index, row[image], row[label]);
        start = end;
      }
    } finally {
      await close();
    }
  }
}

/** The columns of images and labels. */
function columnsOf(
  file: string,
  { schema }: FileMetaData,
  named: Columns = {},
): readonly [image: string, label: string] {
  const names: string[] = [];
  // The schema lists columns with those inside them behind each; the first entry is the table.
  for (let at = 1; at < schema.length; ) {
    names.push((schema[at] as (typeof schema)[number]).name);
    for (let open = 1; open > 0 && at < schema.length; at++) open += (schema[at]?.num_children ?? 0) - 1;
  }
  const images = named.image === undefined ? imageColumns : [named.image];
  const labels = named.label === undefined ? labelColumns : [named.label];
  const image = images.find((name) => names.includes(name));
  const label = labels.find((name) => names.includes(name));
  if (image !== undefined && label !== undefined) return [image, label];
  const expected = `a column of images (${images.slice(0, 2).join(', ')}) and one of labels (${labels.slice(0, 3).join(', ')})`;
  throw fileError('CONVOY_DATA', file, '', expected, `columns ${names.slice(0, 12).join(', ')}`);
}

function placed(file: string, row: number, image: unknown, label: unknown): Placed {
  const place = `row ${row}`;
  const bytes = typeof image === 'object' && image !== null && 'bytes' in image ? image.bytes : image;
  if (!(bytes instanceof Uint8Array)) {
    throw fileError(
      'CONVOY_DATA',
      file,
      place,
      'the bytes of an image',
      bytes === undefined || bytes === null ? 'none' : typeof bytes,
    );
  }
  const plain =
    typeof label === 'bigint'
      ? Number(label)
      : label instanceof Uint8Array
        ? Buffer.from(label).toString('utf8')
        : label;
  if (typeof plain !== 'number' && typeof plain !== 'string') {
    throw fileError('CONVOY_DATA', file, place, 'a label, a number or a name,', String(plain));
  }
  return { file, place, image: bytes, raw: undefined, label: plain };
}
