/** Numbers in PNG files against Pillow (test/fixtures/vision/masks-png.py) and against what sharp was given. */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { inflateSync } from 'node:zlib';
import test from 'ava';
import sharp from 'sharp';
import { z } from 'zod';
import { plainValues, readIndexMask, scanMask } from '../../../src/data/annotations/index-mask.js';
import { readIndexPng } from '../../../src/data/annotations/index-png.js';
import { temporaryFolder } from '../../fixtures/data/files.js';

const cases = z
  .array(
    z.object({ name: z.string(), width: z.number(), height: z.number(), values: z.array(z.number()), png: z.string() }),
  )
  .parse(JSON.parse(readFileSync(new URL('../../../../test/fixtures/vision/masks-png.json', import.meta.url), 'utf8')));
const { folder, remove } = await temporaryFolder();
test.after.always(remove);

const bytesOf = (name: string): Buffer => Buffer.from(cases.find((item) => item.name === name)?.png ?? '', 'base64');

for (const { name, width, height, values, png } of cases) {
  test(`a ${name} has the numbers that Pillow reads`, (t) => {
    const read = readIndexPng(Buffer.from(png, 'base64'));
    t.deepEqual([read.width, read.height], [width, height]);
    t.deepEqual([...read.data], values);
  });
}

test('all filters are undone', async (t) => {
  const [width, height] = [64, 48];
  const data = Uint8Array.from({ length: width * height }, (_, at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    return y < 12 ? x * 3 : y < 24 ? y * 9 + ((x * x) % 7) : y < 36 ? (x + y) * 2 : (x * 97 + y * 31) % 256;
  });
  const png = await sharp(data, { raw: { width, height, channels: 1 } })
    .toColourspace('b-w')
    .png({ adaptiveFiltering: true })
    .toBuffer();
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT')
      parts.push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  }
  const rows = inflateSync(Buffer.concat(parts));
  const filters = new Set(Array.from({ length: height }, (_, row) => rows[row * (width + 1)]));
  t.true(filters.size >= 3, `the file has filters ${[...filters]}`);
  t.deepEqual([...readIndexPng(png).data], [...data]);
});

test('a file that is no such mask is refused with what it is', async (t) => {
  const colours = await sharp({ create: { width: 4, height: 4, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
  const whole = bytesOf('grey of 8 bits');
  const bomb = Buffer.from(whole);
  bomb.writeUInt32BE(1, 16); // says less than it unpacks to
  const huge = Buffer.from(whole);
  huge.writeUInt32BE(2 ** 31 - 1, 16);
  const refused = (bytes: Buffer, message: RegExp): void => void t.throws(() => readIndexPng(bytes), { message });
  refused(colours, /expected a PNG with a palette or of grey but found one of colours/);
  refused(Buffer.from('GIF89a..........'), /found another file/);
  refused(whole.subarray(0, whole.length - 20), /found one cut short/);
  refused(bomb, /pixels that cannot be unpacked/);
  refused(huge, /expected 1 to \d+ pixels/);
  const interlaced = Buffer.from(whole);
  interlaced[28] = 1;
  refused(interlaced, /found an interlaced one/);
  const deep = Buffer.from(whole);
  deep[24] = 16;
  refused(deep, /expected at most 8 bits a pixel but found 16/);
});

test('a mask of another size, and a value that is no class, are refused with file and place', async (t) => {
  const file = path.join(folder, 'mask.png');
  await writeFile(file, bytesOf('palette of 2 bits')); // 13x7, values 0 to 3
  const values = cases.find(({ name }) => name === 'palette of 2 bits')?.values ?? [];
  const size = { width: 13, height: 7 };
  t.deepEqual([...readIndexMask({ file, classOf: plainValues(4) }, size)], values);
  t.deepEqual(scanMask(file), { ...size, values: [0, 1, 2, 3] });
  t.throws(() => readIndexMask({ file, classOf: plainValues(4) }, { width: 12, height: 7 }), {
    code: 'CONVOY_DATA',
    message: `${file}: expected a mask of 12x7 (width x height), as its image but found one of 13x7`,
  });
  const first = values.findIndex((value) => value > 1);
  t.throws(() => readIndexMask({ file, classOf: plainValues(2) }, size), {
    code: 'CONVOY_DATA',
    message: `${file}: column ${first % 13}, row ${Math.floor(first / 13)}: expected a value of 0 to 1, 255 but found ${values[first]}`,
  });
});
