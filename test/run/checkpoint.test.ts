import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import type { CheckpointMessage } from '../../proto/convoy.js';
import { diskError, writeFileAtomic } from '../../src/base/atomic-file.js';
import { ConvoyError } from '../../src/base/errors.js';
import { RandomStream } from '../../src/base/random.js';
import { readCheckpoint, writeCheckpoint } from '../../src/run/checkpoint.js';

async function folder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'convoy-checkpoint-'));
}

const message: CheckpointMessage = {
  config: '{"epochs":3}',
  fingerprint: 'abc',
  epoch: 2,
  position: 48,
  step: 2 ** 40, // larger than 32 bits
  weights: [{ name: 'head/kernel', shape: [2, 2], data: new Uint8Array(Float32Array.of(1, -2, 0.5, 1e-30).buffer) }],
  optimizer: [{ name: 'momentum', shape: [16], data: new Uint8Array(64).fill(7) }],
  state: '{"batch":3}',
  architecture: 'def',
  testFingerprint: 'ghi',
  validationFingerprint: '',
};

test('a checkpoint is read as it was written', async (t) => {
  const path = join(await folder(), 'last.ckpt');
  await writeCheckpoint(path, message);
  const read = await readCheckpoint(path);
  t.deepEqual({ ...read, weights: [], optimizer: [] }, { ...message, weights: [], optimizer: [] });
  t.deepEqual(Buffer.from(read.weights[0]?.data ?? []), Buffer.from(message.weights[0]?.data ?? []));
  t.deepEqual(read.weights[0]?.shape, [2, 2]);
  t.deepEqual(Buffer.from(read.optimizer[0]?.data ?? []), Buffer.from(message.optimizer[0]?.data ?? []));
  await rm(join(path, '..'), { recursive: true });
});

test('a checkpoint without moving parts is read too: step 0, no optimizer state', async (t) => {
  const path = join(await folder(), 'last.ckpt');
  await writeCheckpoint(path, { ...message, epoch: 0, position: 0, step: 0, optimizer: [] });
  t.like(await readCheckpoint(path), { epoch: 0, position: 0, step: 0, optimizer: [] });
  await rm(join(path, '..'), { recursive: true });
});

test('a checkpoint cut short anywhere is refused, saying so', async (t) => {
  const path = join(await folder(), 'last.ckpt');
  await writeCheckpoint(path, message);
  const whole = await readFile(path);
  const payload = whole.length - 52; // magic 8, version 4, length 8, SHA-256 32
  for (let length = 0; length < whole.length; length++) {
    await writeFile(path, whole.subarray(0, length));
    const expected =
      length < 52
        ? `${path}: header: expected 52 bytes but found a file of ${length}`
        : `${path}: payload: expected ${payload} bytes but found ${length - 52} (the file was cut short)`;
    await t.throwsAsync(readCheckpoint(path), {
      instanceOf: ConvoyError,
      code: 'CONVOY_CHECKPOINT',
      message: expected,
    });
  }
  await rm(join(path, '..'), { recursive: true });
});

test('bytes behind a checkpoint are refused', async (t) => {
  const path = join(await folder(), 'last.ckpt');
  await writeCheckpoint(path, message);
  const whole = await readFile(path);
  await writeFile(path, Buffer.concat([whole, Buffer.of(0)]));
  const payload = whole.length - 52;
  await t.throwsAsync(readCheckpoint(path), {
    code: 'CONVOY_CHECKPOINT',
    message: `${path}: payload: expected ${payload} bytes but found ${payload + 1} (there is more behind it)`,
  });
  await rm(join(path, '..'), { recursive: true });
});

test('a flipped bit anywhere is found', async (t) => {
  const path = join(await folder(), 'last.ckpt');
  await writeCheckpoint(path, message);
  const whole = await readFile(path);
  const random = new RandomStream(21, 'test');
  for (let place = 0; place < whole.length; place++) {
    const damaged = Buffer.from(whole);
    damaged.writeUInt8((damaged[place] as number) ^ (1 << random.below(8)), place);
    await writeFile(path, damaged);
    const error = await t.throwsAsync(readCheckpoint(path), { instanceOf: ConvoyError, code: 'CONVOY_CHECKPOINT' });
    const expected =
      place < 8
        ? /: byte 0: expected a convoy checkpoint but found another kind of file$/
        : place < 12
          ? /: byte 8: expected checkpoint version 1 but found version \d+$/
          : place < 20
            ? /: payload: expected \d+ bytes but found \d+ \(.*\)$/
            : /: payload: expected the SHA-256 in the header but found another one \(the file was changed after it was written\)$/;
    t.regex(error.message, expected, `byte ${place}`);
  }
  await rm(join(path, '..'), { recursive: true });
});

test('what is no checkpoint is refused by its kind', async (t) => {
  const parent = await folder();
  const path = join(parent, 'last.ckpt');
  await t.throwsAsync(readCheckpoint(path), {
    code: 'CONVOY_CHECKPOINT',
    message: `${path}: expected a checkpoint but found no such file`,
  });
  await mkdir(path);
  await t.throwsAsync(readCheckpoint(path), {
    code: 'CONVOY_CHECKPOINT',
    message: /last\.ckpt: expected a checkpoint but found EISDIR/,
  });
  const image = join(parent, 'image.ckpt');
  await writeFile(image, Buffer.alloc(100, 'PNG'));
  await t.throwsAsync(readCheckpoint(image), {
    message: `${image}: byte 0: expected a convoy checkpoint but found another kind of file`,
  });
  // Right header over a payload that is no protobuf message: field 1 says 100 bytes and has none.
  const payload = Buffer.of(0x0a, 100);
  const header = Buffer.alloc(52);
  header.write('CONVOYCK');
  header.writeUInt32LE(1, 8);
  header.writeBigUInt64LE(2n, 12);
  createHash('sha256').update(payload).digest().copy(header, 20);
  await writeFile(image, Buffer.concat([header, payload]));
  await t.throwsAsync(readCheckpoint(image), {
    code: 'CONVOY_CHECKPOINT',
    message: /payload: expected a Checkpoint message but found index out of range/,
  });
  await rm(parent, { recursive: true });
});

test('a file that cannot be written leaves the old one as it was, and no part of the new', async (t) => {
  const parent = await folder();
  const path = join(parent, 'last.ckpt');
  await writeFile(path, 'old');
  // A folder in the way: everything is written, then the file cannot get its name.
  await mkdir(join(parent, 'best.ckpt'));
  await t.throwsAsync(writeFileAtomic(join(parent, 'best.ckpt'), ['new']), {
    code: 'CONVOY_DISK',
    message: /best\.ckpt: expected to write here but EISDIR/,
  });
  t.deepEqual((await readdir(parent)).sort(), ['best.ckpt', 'last.ckpt']);
  await t.throwsAsync(writeFileAtomic(join(parent, 'none', 'x'), ['a']), {
    code: 'CONVOY_DISK',
    message: `${join(parent, 'none', 'x')}: expected to write here but the folder does not exist`,
  });
  t.is(await readFile(path, 'utf8'), 'old');
  await t.throwsAsync(writeFileAtomic(join(path, 'x'), ['a']), {
    code: 'CONVOY_DISK',
    message: `${join(path, 'x')}: expected to write here but a part of its path is a file, not a folder`,
  });
  await rm(parent, { recursive: true });
});

test('errors of the file system are told in plain words', (t) => {
  const table: [code: string, words: string][] = [
    ['ENOSPC', 'the disk is full'],
    ['EDQUOT', 'the disk quota is used up'],
    ['EFBIG', 'it would be larger than the system allows'],
    ['EACCES', 'the place is not writable'],
    ['EROFS', 'the place is not writable'],
    ['ENOENT', 'the folder does not exist'],
    ['EIO', 'EIO: i/o error, write'],
  ];
  for (const [code, words] of table) {
    const error = diskError('a/b', Object.assign(new Error(`${code}: i/o error, write`), { code }));
    t.is(error.message, `a/b: expected to write here but ${words}`);
    t.is(error.code, 'CONVOY_DISK');
  }
});
