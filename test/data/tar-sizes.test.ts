import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'ava';
import { pack } from 'tar-stream';
import { archiveFiles } from '../../src/data/archive.js';
import { temporaryFolder } from '../fixtures/data/files.js';

const { folder, remove } = await temporaryFolder();
test.after.always(remove);

/** An archive of two files, the first with a name that needs an extended header where `long` says so. */
async function archive(long: boolean): Promise<Buffer> {
  const packing = pack();
  packing.entry({ name: `a/${long ? 'x'.repeat(200) : 'x'}.png` }, Buffer.alloc(700, 1));
  packing.entry({ name: 'b/y.png' }, Buffer.alloc(20, 2));
  packing.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of packing) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The archive with bytes of the header at `offset` replaced, its sum right again. */
function changed(bytes: Buffer, offset: number, field: number, value: Buffer): Buffer {
  const copy = Buffer.from(bytes);
  value.copy(copy, offset + field);
  const header = copy.subarray(offset, offset + 512);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return copy;
}

async function read(name: string, bytes: Buffer): Promise<string[]> {
  const file = path.join(folder, `${name}.tar`);
  await writeFile(file, bytes);
  const found: string[] = [];
  for await (const entry of archiveFiles(file)) found.push(`${entry.path.slice(0, 8)} ${(await entry.read()).length}`);
  return found;
}

const size = 124;
const short = await archive(false);
const long = await archive(true);
const text = (value: string) => Buffer.from(value.padEnd(12, '\0'), 'latin1');

test('sizes that are numbers pass: octal, padded with spaces, base 256', async (t) => {
  const whole = ['a/x.png 700', 'b/y.png 20'];
  t.deepEqual(await read('octal', short), whole);
  t.deepEqual(await read('spaces', changed(short, 0, size, text('       1274 '))), whole);
  const large = Buffer.alloc(12);
  large[0] = 0x80;
  large.writeUInt32BE(700, 8);
  t.deepEqual(await read('base256', changed(short, 0, size, large)), whole);
  t.deepEqual(await read('long', long), ['a/xxxxxx 700', 'b/y.png 20']);
});

for (const [title, bytes] of [
  ['letters', changed(short, 0, size, text('abc'))],
  ['digits and then letters', changed(short, 0, size, text('12z'))],
  ['a sign', changed(short, 0, size, text('-1274'))],
  ['below zero in base 256', changed(short, 0, size, Buffer.alloc(12, 0xff))],
  ['beyond all numbers in base 256', changed(short, 0, size, Buffer.from([0x80, ...new Array<number>(11).fill(0xfe)]))],
  ['of a second entry', changed(short, 512 + 1024, size, text('zz'))],
  ['letters, of an extended header', changed(long, 0, size, text('qq'))],
  ['a sign, of an extended header', changed(long, 0, size, text('-5'))],
] as const) {
  test(`a size that is none is refused at its entry: ${title}`, async (t) => {
    await t.throwsAsync(read(`bad ${title}`, bytes), {
      code: 'CONVOY_DATA',
      message: /entry .*: expected a size but found "/,
    });
  });
}

/** `long` with the records of its extended header replaced. */
function withRecords(records: string): Buffer {
  const copy = changed(long, 0, size, text(records.length.toString(8)));
  return Buffer.concat([copy.subarray(0, 512), Buffer.from(records.padEnd(512, '\0'), 'latin1'), copy.subarray(1024)]);
}

for (const [title, records, message] of [
  ['a length below zero', '-5 a=', /expected the length of a record but found "-5"/],
  ['a length of nothing', '0 path=a/b.png\n', /expected the length of a record but found "0"/],
  ['a length beyond the header', '99 path=a/b.png\n', /expected the length of a record but found "99"/],
  ['a length that is no number', 'x path=a/b.png\n', /expected the length of a record but found "x"/],
  ['a size below zero', '11 size=-7\n', /expected a size but found "-7"/],
  ['a size that is no number', '12 size=abc\n', /expected a size but found "abc"/],
] as const) {
  test(`records of an extended header are checked: ${title}`, async (t) => {
    await t.throwsAsync(read(`record ${title}`, withRecords(records)), { code: 'CONVOY_DATA', message });
  });
}
