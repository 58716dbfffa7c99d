import { fileError } from '../base/errors.js';
import { maskedCrc32c } from '../base/tf-record.js';
import { ByteReader, fileBytes } from './bytes.js';
import { limits } from './limits.js';
import { type Example, readExample, WireError } from './tf-example.js';

/** One record of a file. */
export interface TfRecord {
  /** For messages: `record 3`, from 0. */
  readonly place: string;
  readonly example: Example;
  /** The record's bytes, of which the example's values are views, and the first of them in the (unpacked) file. */
  readonly bytes: Uint8Array;
  readonly offset: number;
}

/**
 * The examples of a TFRecord file, plain or packed by gzip: length, its checksum, bytes, their checksum
 * (tensorflow/core/lib/io/record_writer.h). One record at a time is in memory.
 *
 * @throws ConvoyError `CONVOY_DATA` naming file and record where a checksum is wrong, the file is cut short, or a record is no
 *   `tf.train.Example`.
 */
export async function* tfRecords(file: string, signal?: AbortSignal): AsyncGenerator<TfRecord, void, undefined> {
  const reader = new ByteReader(file, fileBytes(file, signal));
  try {
    for (let index = 0; !(await reader.atEnd()); index++) {
      const place = `record ${index}`;
      const head = await reader.take(12, `the length of ${place}`);
      check(file, place, 'length', head.subarray(0, 8), head.readUInt32LE(8));
      const length = Number(head.readBigUInt64LE());
      if (length > limits.archiveEntryBytes) {
        throw fileError('CONVOY_DATA', file, place, `at most ${limits.archiveEntryBytes} bytes`, String(length));
      }
      const { offset } = reader;
      const bytes = await reader.take(length, place);
      check(file, place, 'bytes', bytes, (await reader.take(4, `the checksum of ${place}`)).readUInt32LE());
      yield { place, example: exampleOf(file, place, bytes), bytes, offset };
    }
  } finally {
    await reader.close();
  }
}

function check(file: string, place: string, what: string, bytes: Uint8Array, wanted: number): void {
  const found = maskedCrc32c(bytes);
  if (found === wanted) return;
  const [hex, other] = [wanted, found].map((crc) => crc.toString(16).padStart(8, '0'));
  throw fileError('CONVOY_DATA', file, place, `${what} with the checksum ${hex}`, `damage (${other})`);
}

function exampleOf(file: string, place: string, bytes: Uint8Array): Example {
  try {
    return readExample(bytes);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw fileError('CONVOY_DATA', file, place, 'a tf.train.Example', error.message, error);
  }
}
