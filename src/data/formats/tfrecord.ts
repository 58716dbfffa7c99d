/** TFRecord files of `tf.train.Example`, plain or gzip, in shards or one file a split. */
import type { OpenOptions } from '../options.js';
import { tfRecords } from '../tf-records.js';
import { defineDatasetFormat } from './define.js';
import { type Files, filesAt, openEncoded, type Placed } from './encoded-set.js';
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

async function* examplesOf(
  paths: readonly string[],
  { signal, columns }: OpenOptions,
): AsyncGenerator<Placed, void, undefined> {
  for (const file of paths) {
    for await (const { place, example } of tfRecords(file, signal))
      yield { file, place, ...imageExample(file, place, example, columns) };
  }
}
