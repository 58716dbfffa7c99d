import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { type RunRecord, readRecord, writeRecord } from '../../src/run/record.js';

const record: RunRecord = {
  format: 1,
  dataset: { name: 'digits', train: 'a', test: 'b', madeInCode: false },
  classes: ['0', '1'],
  image: { height: 28, width: 28, channels: 1 },
  preprocess: { scale: [1 / 255], offset: [0] },
  targets: 'classes',
  loss: { name: 'crossEntropy', labelSmoothing: 0.1 },
  testTimeFlip: false,
  versions: { node: '20' },
};

test('a record is read as it was written; a key that it does not have is refused with the one that was meant', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-record-'));
  t.teardown(() => rm(folder, { recursive: true }));
  await writeRecord(folder, record);
  t.deepEqual(await readRecord(folder), record);
  const { classes, ...rest } = record;
  for (const [wrong, message] of [
    [{ ...rest, clases: classes }, /Unknown option "clases" of .*record\.json; did you mean classes\?/],
    [{ ...record, image: { ...record.image, chanels: 1 } }, /record\.json\.image; did you mean channels\?/],
    [{ ...record, classes: 'cat' }, /a list.* for .*record\.json\.classes but received "cat"/],
  ] as const) {
    await writeFile(join(folder, 'record.json'), JSON.stringify(wrong));
    const error = await t.throwsAsync(readRecord(folder), { instanceOf: ConvoyError, message });
    t.is(error?.code, 'CONVOY_CHECKPOINT');
  }
  await writeFile(join(folder, 'record.json'), '{');
  await t.throwsAsync(readRecord(folder), { message: /record\.json: expected the record of a run but found/ });
});
