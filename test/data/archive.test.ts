import promises, { writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { archiveFiles } from '../../src/data/archive.js';
import { type TarEntry, tarOf, temporaryFolder } from '../fixtures/data/files.js';

const { folder, remove } = await temporaryFolder();
test.after.always(remove);

let archives = 0;
async function archive(bytes: Uint8Array): Promise<string> {
  const name = path.join(folder, `archive-${archives++}.tar`);
  await writeFile(name, bytes);
  return name;
}

async function contents(name: string): Promise<[string, string][]> {
  const found: [string, string][] = [];
  for await (const file of archiveFiles(name)) found.push([file.path, (await file.read()).toString()]);
  return found;
}

const plain: readonly TarEntry[] = [
  [{ name: 'a/', type: 'directory' }],
  [{ name: './a/one.txt' }, Buffer.from('one')],
  [{ name: 'a/empty.txt' }],
  [{ name: `a/${'long'.repeat(60)}.txt` }, Buffer.from('two')],
];

test('files come in order with their contents, gzip or not, names without dots', async (t) => {
  const bytes = await tarOf(plain);
  const expected = [
    ['a/one.txt', 'one'],
    ['a/empty.txt', ''],
    [`a/${'long'.repeat(60)}.txt`, 'two'],
  ];
  t.deepEqual(await contents(await archive(bytes)), expected);
  t.deepEqual(await contents(await archive(gzipSync(bytes))), expected);
});

test('files that are not read are passed over, folders are told', async (t) => {
  const folders: string[] = [];
  const seen: string[] = [];
  for await (const file of archiveFiles(await archive(await tarOf(plain)), undefined, (name) => folders.push(name))) {
    seen.push(file.path);
  }
  t.deepEqual([folders, seen.length], [['a'], 3]);
});

test.serial('no entry is lost where the disk is slow to tell the size of the archive', async (t) => {
  const name = await archive(await tarOf(plain));
  const { stat } = promises;
  const slowStat = async (file: string) => {
    // Longer than it takes to open and read the file.
    for (let turn = 0; turn < 20; turn++) await promises.readFile(name);
    return stat(file);
  };
  Object.assign(promises, { stat: slowStat });
  syncBuiltinESMExports();
  try {
    t.is((await contents(name)).length, 3);
  } finally {
    Object.assign(promises, { stat });
    syncBuiltinESMExports();
  }
});

test('a consumer may stop early', async (t) => {
  const big = await archive(
    await tarOf([
      [{ name: 'a' }, Buffer.alloc(2 ** 22, 1)],
      [{ name: 'b' }, Buffer.alloc(2 ** 22, 2)],
    ]),
  );
  for await (const file of archiveFiles(big)) {
    t.is(file.path, 'a');
    break;
  }
});

test('links are told and never followed: a hard link as the file it is, a symbolic one with the place inside', async (t) => {
  const entries: TarEntry[] = [
    [{ name: 'a/one' }, Buffer.from('one')],
    [{ name: 'b/hard', type: 'link', linkname: 'a/one' }],
    [{ name: 'b/harder', type: 'link', linkname: './b/hard' }],
    [{ name: 'b/soft', type: 'symlink', linkname: '../a/one' }],
    [{ name: 'b/out', type: 'symlink', linkname: '../../etc' }],
    [{ name: 'b/far', type: 'symlink', linkname: '/etc' }],
  ];
  const told: unknown[] = [];
  for await (const { path: name, bytes, sameAs, link } of archiveFiles(await archive(await tarOf(entries)))) {
    told.push([name, bytes, sameAs ?? link]);
  }
  t.deepEqual(told, [
    ['a/one', 3, undefined],
    ['b/hard', 3, 'a/one'],
    ['b/harder', 3, 'b/hard'],
    ['b/soft', 0, { to: 'a/one' }],
    ['b/out', 0, { to: undefined }],
    ['b/far', 0, { to: undefined }],
  ]);
});

/** The archive with every header as the oldest tar wrote it: no magic, user, group or prefix. */
function asOldest(bytes: Buffer): Buffer {
  const old = Buffer.from(bytes);
  for (let at = 0; at < old.length && old[at] !== 0; ) {
    const size = Number.parseInt(old.toString('latin1', at + 124, at + 135), 8);
    old.fill(0, at + 257, at + 512);
    old.fill(' ', at + 148, at + 156);
    const sum = old.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
    old.write(`${sum.toString(8).padStart(6, '0')}\0 `, at + 148);
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return old;
}

test('archives of the oldest form are read, folders by the end of their names', async (t) => {
  const entries: TarEntry[] = [
    [{ name: 'a/', type: 'file' }],
    [{ name: 'a/one' }, Buffer.from('one')],
    [{ name: 'a/two' }, Buffer.alloc(600, 'x')],
  ];
  const name = await archive(asOldest(await tarOf(entries)));
  const folders: string[] = [];
  for await (const _ of archiveFiles(name, undefined, (folder) => folders.push(folder)));
  t.deepEqual(folders, ['a']);
  t.deepEqual(await contents(name), [
    ['a/one', 'one'],
    ['a/two', 'x'.repeat(600)],
  ]);
});

for (const [what, letters] of [
  ['Latin-1', [0xe9, 0xe8]],
  ['Shift JIS', [0x93, 0xfa]],
  ['cut UTF-8', [0xc3]],
] as const) {
  test(`a name in ${what} is refused with its bytes, never read as another name`, async (t) => {
    const bytes = await tarOf([[{ name: 'a/XX.png' }, Buffer.from('one')]]);
    const at = bytes.indexOf('XX');
    bytes.set(letters, at);
    if (letters.length === 1) bytes.write('_', at + 1);
    bytes.fill(' ', 148, 156);
    const sum = bytes.subarray(0, 512).reduce((total, byte) => total + byte, 0);
    bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    const shown = letters.map((letter) => `\\\\x${letter.toString(16)}`).join('');
    await t.throwsAsync(contents(await archive(bytes)), {
      code: 'CONVOY_DATA',
      message: new RegExp(`entry: a/${shown}.*: expected a name in UTF-8 but found bytes of another encoding`),
    });
  });
}

test('names of other scripts in UTF-8 are read, short and long', async (t) => {
  const names = ['a/日本.png', `a/${'é'.repeat(80)}.png`, `${'ж'.repeat(60)}/${'я'.repeat(60)}.png`];
  const entries = names.map((name): TarEntry => [{ name }, Buffer.from('x')]);
  const read = await contents(await archive(await tarOf(entries)));
  t.deepEqual(
    read.map(([name]) => name),
    names,
  );
});

const hostile: readonly [what: string, entry: TarEntry, message: RegExp][] = [
  ['a name with ..', [{ name: '../outside' }], /entry \.\.\/outside: expected a path inside its folder/],
  ['.. inside a name', [{ name: 'a/../../outside' }], /expected a path inside its folder/],
  ['an absolute name', [{ name: '/etc/passwd' }], /entry \/etc\/passwd: expected a relative path/],
  ['a drive letter', [{ name: 'C:/windows' }], /expected a relative path/],
  ['a backslash', [{ name: 'a\\..\\b' }], /expected a relative path/],
  [
    'a hard link to a file outside',
    [{ name: 'a', type: 'link', linkname: '../good' }],
    /entry a: expected a hard link to a file before it in the archive but found one to "\.\.\/good"$/,
  ],
  [
    'a hard link to what comes later',
    [{ name: 'a', type: 'link', linkname: 'later' }],
    /expected a hard link to a file before it in the archive but found one to "later"$/,
  ],
  ['a device', [{ name: 'a', type: 'block-device' }], /expected a file, a folder or a link but found a block-device/],
  ['a pipe', [{ name: 'a', type: 'fifo' }], /expected a file, a folder or a link but found a fifo/],
];

for (const [what, entry, message] of hostile) {
  test(`an archive with ${what} is refused at that entry`, async (t) => {
    const name = await archive(await tarOf([[{ name: 'good' }, Buffer.from('good')], entry]));
    const error = await t.throwsAsync(contents(name), { instanceOf: ConvoyError, code: 'CONVOY_DATA', message });
    t.true(error?.message.startsWith(`${name}: `));
  });
}

test('an entry above the limit is refused before it is unpacked', async (t) => {
  // Only the header: 8 GiB in octal, POSIX ustar's largest size field.
  const header = (await tarOf([[{ name: 'big', size: 1 }, Buffer.of(0)]])).subarray(0, 512);
  header.write('77777777777', 124);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  await t.throwsAsync(contents(await archive(header)), {
    code: 'CONVOY_DATA',
    message: /entry big: expected at most 268435456 bytes in an entry but found 8589934591$/,
  });
});

test('a small archive that unpacks to very much is refused', async (t) => {
  // Three entries of 96 MiB of zeros pack into 280 KiB: the second third passes 256 MiB, which is above 200 times that.
  const zeros = Buffer.alloc(96 * 2 ** 20);
  const bomb = await archive(
    gzipSync(await tarOf(['a', 'b', 'c'].map((name) => [{ name }, zeros] as const)), { level: 1 }),
  );
  const seen: string[] = [];
  await t.throwsAsync(
    async () => {
      for await (const file of archiveFiles(bomb)) seen.push(file.path);
    },
    { code: 'CONVOY_DATA', message: /entry c: expected at most \d+ bytes in all entries/ },
  );
  t.deepEqual(seen, ['a', 'b']);
});

const whole = await tarOf([
  [{ name: 'a' }, Buffer.alloc(2000, 7)],
  [{ name: 'b' }, Buffer.alloc(100, 8)],
]);
// Blocks of 512 bytes: header of a, four of content, header of b, one of content, two of zeros.
const damaged: readonly [what: string, bytes: Uint8Array, message: RegExp][] = [
  ['cut inside a file', whole.subarray(0, 1500), /after entry a: expected a whole tar archive/],
  ['cut inside a header', whole.subarray(0, 512 * 5 + 100), /after entry a: expected a whole tar archive/],
  ['cut between two files', whole.subarray(0, 512 * 5), /the end: expected a block of zeros/],
  ['cut before its end', whole.subarray(0, 512 * 7), /the end: expected a block of zeros/],
  ['of something else', Buffer.alloc(2048, 'text'), /after entry none: expected a whole tar archive/],
  ['that is empty', Buffer.alloc(0), /expected a tar archive but found an empty file \(0 bytes\)$/],
  ['of xz data', Buffer.from('\xfd7zXZ\0more', 'latin1'), /gzip or not, but found xz data \(unpack it/],
  ['that is a zip archive', Buffer.from('PK\x03\x04more', 'latin1'), /but found a zip archive \(unpack it/],
  ['of bzip2 data', Buffer.from('BZh91AY'), /but found bzip2 data \(unpack it/],
  [
    'whose gzip stream is cut',
    gzipSync(whole).subarray(0, 40),
    /expected a whole gzip stream but found unexpected end of file/,
  ],
  [
    'whose gzip stream is damaged',
    Buffer.concat([gzipSync(whole).subarray(0, 20), Buffer.alloc(30, 0xff)]),
    /expected a whole gzip stream/,
  ],
];

for (const [what, bytes, message] of damaged) {
  test(`an archive ${what} is refused`, async (t) => {
    const name = await archive(bytes);
    const error = await t.throwsAsync(contents(name), { instanceOf: ConvoyError, code: 'CONVOY_DATA', message });
    t.true(error?.message.startsWith(`${name}: `));
  });
}
