/** TFRecord files of `tf.train.Example`, plain or gzip, in shards or one file a split. */
import { isGzip } from '../bytes.js';
import type { OpenOptions } from '../options.js';
import { tfRecords } from '../tf-records.js';
import { defineDatasetFormat } from './define.js';
import { type Files, filesAt, type Placed } from './encoded-files.js';
import { openEncoded } from './encoded-set.js';
import { imageExample } from './tf-features.js';

const fileName = /\.(tfrecords?|tfrec)(-\d+-of-\d+)?(\.gz)?$|-\d+-of-\d+\.(tfrecords?|tfrec)(\.gz)?$/i;

export const tfrecord = defineDatasetFormat<Files>({
  name: 'tfrecord',
  description: 'TFRecord files (.tfrecord, .tfrecord.gz, or a folder of them)',
  columns: ['image', 'label', 'height', 'width', 'channels'],
  async find(place) {
    const source = await filesAt(place, fileName);
    return source === undefined ? 'no .tfrecord files' : { path: place, source };
  },
  open: (files, { name, options }) =>
    openEncoded(name, 'tfrecord', { files, examples: (paths) => examplesOf(paths, options) }, options),
});

/** The examples of files, one after the other. */
export async function* examplesOf(
  paths: readonly string[],
  { signal, columns }: Pick<OpenOptions, 'signal' | 'columns'>,
): AsyncGenerator<Placed, void, undefined> {
  for (const file of paths) {
    const packed = await isGzip(file);
    for await (const { place, example, bytes, offset } of tfRecords(file, signal)) {
      const found = imageExample(file, place, example, columns);
      const inRecord = found.image.byteOffset - bytes.byteOffset;
      yield { file, place, ...found, offset: packed || found.raw !== undefined ? undefined : offset + inRecord };
    }
  }
}
