import test from 'ava';
import sharp from 'sharp';
import { namedImages } from '../../src/tools/image-files.js';

/** What `-` stands for where these bytes come through standard input. */
async function through(bytes: Buffer): Promise<string[]> {
  const found: string[] = [];
  const stdin = (async function* () {
    for (let at = 0; at < bytes.length; at += 64) yield bytes.subarray(at, at + 64);
  })();
  for await (const image of namedImages(['-'], stdin)) {
    found.push(
      'error' in image ? image.error.message : `${image.file}:${image.bytes === undefined ? 'name' : 'image'}`,
    );
  }
  return found;
}

const picture = sharp({ create: { width: 3, height: 2, channels: 3, background: '#102030' } });

test('an image through standard input is an image, whatever its format', async (t) => {
  for (const format of ['png', 'jpeg', 'webp', 'tiff', 'gif', 'avif'] as const) {
    t.deepEqual(await through(await picture.clone().toFormat(format).toBuffer()), ['-:image'], format);
  }
  // Netpbm's formats begin with text, and P2 and P3 are text throughout.
  const pnm = ['P3\n1 1\n255\n9 9 9\n', 'P5 2 2 255 abcd', 'P6\n# by hand\n1 1\n255\nabc', 'P2\r\n1 1 255 7'];
  for (const text of pnm) t.deepEqual(await through(Buffer.from(text)), ['-:image'], text);
  // Formats that convoy cannot decode are no names of files either: the decoder says what they are.
  const others = [
    '424d3a000000000000003600000028000000010000000100000001001800',
    '0000000c6a502020',
    'ff0a',
    '0000001866747970686569630000',
  ];
  for (const hex of others) t.deepEqual(await through(Buffer.from(hex, 'hex')), ['-:image'], hex);
  t.deepEqual(await through(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')), ['-:image']);
});

test('names through standard input are names, also those that begin as an image does', async (t) => {
  const names = ['P6.png', 'BM.png', 'GIF89a.gif', 'P6 photo.png', 'fotos/ñandú.jpg'];
  t.deepEqual(
    await through(Buffer.from(`${names.join('\r\n')}\n`)),
    names.map((name) => `${name}:name`),
  );
  t.deepEqual(
    await through(Buffer.from(names.join('\0'))),
    names.map((name) => `${name}:name`),
  );
  t.regex((await through(Buffer.alloc(0))).join(), /an image or names of files but found nothing/);
});
