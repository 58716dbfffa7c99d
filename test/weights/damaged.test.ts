import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type Zippable, zipSync } from 'fflate';
import { ConvoyError } from '../../src/base/errors.js';
import { readWeightsFile } from '../../src/weights/index.js';
import { fixtures } from '../support/keras.js';

const folder = await mkdtemp(join(tmpdir(), 'convoy-damaged-'));
const fixture = (path: string): Buffer => readFileSync(new URL(path, fixtures));
const h5 = fixture('parity/keras-batchnorm-resnet/final.weights.h5');
const wholeModel = fixture('parity/keras-batchnorm-resnet/final.h5');
const archive = fixture('parity/keras-batchnorm-resnet/final.keras');

/** `bytes` with a stretch of it overwritten. */
function scarred(bytes: Buffer, from: number, to: number, value: number): Buffer {
  return Buffer.from(bytes).fill(value, from, to);
}

const config = Buffer.from('{}');
const zip = (entries: Zippable): Buffer => Buffer.from(zipSync(entries));
const whole = { 'config.json': config, 'model.weights.h5': h5 };

/** The archive with the size that its directory states for `model.weights.h5` replaced. */
function withStatedSize(bytes: Buffer, size: number): Buffer {
  const copy = Buffer.from(bytes);
  // The name's last occurrence is in the central directory, 46 bytes after the record's start; the size is at 24.
  copy.writeUInt32LE(size, copy.lastIndexOf('model.weights.h5') - 46 + 24);
  return copy;
}

const damaged: readonly (readonly [title: string, bytes: Buffer, message: RegExp])[] = [
  ['an empty file', Buffer.alloc(0), /expected safetensors, a Keras .* but found an empty file/],
  [
    'a text file',
    Buffer.from('hello, this is no weights file'),
    /expected safetensors, a Keras .* but found bytes 68656c/,
  ],
  [
    'a pickle',
    Buffer.from([0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c]),
    /found a Python pickle, which is not read .*\n.*in Python: import torch/,
  ],
  ['HDF5, only its signature', h5.subarray(0, 8), /HDF5: expected an intact HDF5 file but found bad byte number/],
  ['HDF5 cut inside the first block', h5.subarray(0, 100), /HDF5: expected an intact .* truncated file/],
  ['HDF5 cut in the middle', h5.subarray(0, 40_000), /HDF5: expected an intact .* truncated file: eof = 40000/],
  ['HDF5 that lacks its last byte', h5.subarray(0, -1), /HDF5: expected an intact .* truncated file/],
  ['a whole model cut in the middle', wholeModel.subarray(0, 30_000), /HDF5: expected an intact .* truncated file/],
  ['HDF5 overwritten by ones', scarred(h5, 800, 3000, 255), /HDF5: expected an intact HDF5 file but found bad/],
  ['HDF5 overwritten by zeros', scarred(h5, 96, 40_000, 0), /HDF5: expected an intact HDF5 file but found/],
  ['HDF5 of something else', fixture('weights/other.h5'), /expected Keras's groups .* found groups results/],
  ['a terabyte that is not stored', fixture('weights/hostile-huge.weights.h5'), /vars\/0: expected at most 904 bytes/],
  [
    'a matrix that cannot be that compressed',
    fixture('weights/hostile-huge-compressed.weights.h5'),
    /vars\/0: expected at most 932928 bytes/,
  ],
  [
    'a group inside itself',
    fixture('weights/hostile-circle.weights.h5'),
    /expected at most 200000 objects, nested at most 64/,
  ],
  [
    'a link to another file',
    fixture('weights/hostile-external-link.weights.h5'),
    /vars\/0: expected a group or dataset but found a ExternalLink/,
  ],
  [
    'data in another file',
    fixture('weights/hostile-external-data.weights.h5'),
    /found unable to open external raw data file/,
  ],
  ['text for numbers', fixture('weights/text.weights.h5'), /vars\/0: expected integers or floats of 16, 32 or 64 bits/],
  ['variables with a gap', fixture('weights/numbers.weights.h5'), /dense\/vars: expected variables 0 to 1 but found 7/],
  ['a zip cut short', archive.subarray(0, 50_000), /zip: expected an intact zip archive/],
  ['a zip of something else', zip({ 'data.pkl': config }), /zip: expected an entry config.json but found none/],
  ['a zip without weights', zip({ 'config.json': config }), /zip: expected an entry model.weights.h5 but found none/],
  [
    'a name above the archive',
    zip({ ...whole, '../../etc/cron.d/x': config }),
    /entry "\.\.\/\.\.\/etc\/cron.d\/x": .* leads out/,
  ],
  ['an absolute name', zip({ ...whole, '/etc/passwd': config }), /entry "\/etc\/passwd": .* leads out/],
  ['a name with backslashes', zip({ ...whole, 'a\\..\\..\\x': config }), /entry .* leads out/],
  ['a name on a drive', zip({ ...whole, 'C:\\x': config }), /entry "C:.* leads out/],
  [
    'a bomb',
    zip({ ...whole, 'config.json': [Buffer.alloc(2 ** 27 + 1), { level: 9 }] }),
    /entry "config.json": expected at most 134217728 bytes but found 134217729/,
  ],
  [
    'a stated size that cannot be',
    withStatedSize(zip(whole), 2 ** 32 - 2),
    /entry "model.weights.h5": expected at most \d+ bytes but found 4294967294/,
  ],
  ['a configuration that is no JSON', zip({ ...whole, 'config.json': Buffer.from('{') }), /config.json: expected JSON/],
  [
    'a configuration that is a list',
    zip({ ...whole, 'config.json': Buffer.from('[]') }),
    /config.json: expected a JSON object but found a list/,
  ],
  [
    'HDF5 in a zip cut short',
    zip({ ...whole, 'model.weights.h5': h5.subarray(0, 9000) }),
    /!model.weights.h5: HDF5: .* truncated/,
  ],
  ['JSON that is cut', Buffer.from('{"weightsManifest":['), /expected JSON/],
  ['JSON of something else', Buffer.from('{"a":1}'), /weightsManifest: expected a list but found undefined/],
];

async function refused(t: ExecutionContext, file: string, message: RegExp): Promise<void> {
  const error = await t.throwsAsync(readWeightsFile(file), { instanceOf: ConvoyError, message });
  t.is((error as ConvoyError).code, 'CONVOY_WEIGHTS');
  t.true(error?.message.includes(file), 'the file is named');
}

for (const [index, [title, bytes, message]] of damaged.entries()) {
  test.serial(`refused, with file and place: ${title}`, async (t) => {
    const file = join(folder, `${index}.bin`);
    await writeFile(file, bytes);
    await refused(t, file, message);
  });
}

test.serial('an intact file reads as before after all the damaged ones', async (t) => {
  const file = join(folder, 'intact.h5');
  await writeFile(file, h5);
  const { tensors } = await readWeightsFile(file);
  const digest = createHash('sha256');
  for (const { data } of tensors) digest.update(data);
  const reference = await readWeightsFile(new URL('parity/keras-batchnorm-resnet/final.weights.h5', fixtures).pathname);
  const expected = createHash('sha256');
  for (const { data } of reference.tensors) expected.update(data);
  t.is(tensors.length, 24);
  t.is(digest.digest('hex'), expected.digest('hex'));
});

test.serial('nothing of an archive is unpacked to disk', async (t) => {
  const inside = join(folder, 'deep/er');
  await mkdir(inside, { recursive: true });
  const file = join(inside, 'slip.keras');
  await writeFile(file, zip({ ...whole, '../slipped': config }));
  await refused(t, file, /leads out/);
  t.deepEqual(await readdir(join(folder, 'deep')), ['er']);
  t.deepEqual(await readdir(inside), ['slip.keras']);
});

/** A tfjs model of one dense kernel 2x2 (float32) and a quantized bias. */
const manifest = (group: Record<string, unknown>): string =>
  JSON.stringify({
    modelTopology: { class_name: 'Sequential', config: {} },
    weightsManifest: [
      {
        paths: ['group1-shard1of2.bin', 'group1-shard2of2.bin'],
        weights: [
          { name: 'dense/kernel', shape: [2, 2], dtype: 'float32' },
          { name: 'dense/bias', shape: [2], dtype: 'float32', quantization: { min: -1, scale: 0.5, dtype: 'uint8' } },
        ],
        ...group,
      },
    ],
  });

async function tfjsModel(json: string): Promise<string> {
  const place = await mkdtemp(join(folder, 'tfjs-'));
  const data = Buffer.alloc(18);
  [1, 2, 3, 4].forEach((value, index) => data.writeFloatLE(value, index * 4));
  data.set([0, 4], 16);
  await writeFile(join(place, 'model.json'), json);
  await writeFile(join(place, 'group1-shard1of2.bin'), data.subarray(0, 10));
  await writeFile(join(place, 'group1-shard2of2.bin'), data.subarray(10));
  await writeFile(join(place, '../outside.bin'), data);
  return join(place, 'model.json');
}

test('a tfjs model reads over the border of its shards, quantized weights restored', async (t) => {
  const file = await readWeightsFile(await tfjsModel(manifest({})));
  t.is(file.format, 'tfjs');
  t.deepEqual(file.config, { class_name: 'Sequential', config: {} });
  // 0 * 0.5 - 1 and 4 * 0.5 - 1: tfjs's affine quantization.
  t.deepEqual(
    file.tensors.map(({ name, shape, data }) => [name, shape, [...data]]),
    [
      ['dense/kernel', [2, 2], [1, 2, 3, 4]],
      ['dense/bias', [2], [-1, 1]],
    ],
  );
});

const kernel = (fields: Record<string, unknown>): Record<string, unknown> => ({
  weights: [{ name: 'dense/kernel', shape: [2, 2], dtype: 'float32', ...fields }],
});
const damagedModels: readonly (readonly [title: string, json: string, message: RegExp])[] = [
  [
    'a shard outside the folder',
    manifest({ paths: ['../outside.bin'] }),
    /weightsManifest\[0\]: expected paths inside/,
  ],
  ['an absolute shard', manifest({ paths: ['/etc/passwd'] }), /weightsManifest\[0\]: expected paths inside/],
  ['a shard that is absent', manifest({ paths: ['group1-shard3of2.bin'] }), /shard3of2.bin: expected a readable/],
  [
    'weights beyond the shards',
    manifest(kernel({ shape: [2, 20] })),
    /weight "dense\/kernel": expected 160 bytes from 0 of the shards but found 18/,
  ],
  [
    'shards larger than the weights',
    manifest(kernel({})),
    /weightsManifest\[0\]: expected 16 bytes in its shards but found 18/,
  ],
  ['a negative size', manifest(kernel({ shape: [-1, 2] })), /weight "dense\/kernel": expected a shape/],
  ['a type of no weights', manifest(kernel({ dtype: 'string' })), /weight "dense\/kernel": expected a dtype/],
  [
    'a quantization without scale',
    manifest(kernel({ quantization: { dtype: 'uint8', min: 0 } })),
    /expected numbers quantization.min/,
  ],
];
for (const [title, json, message] of damagedModels) {
  test(`refused in a tfjs model: ${title}`, async (t) => {
    const file = await tfjsModel(json);
    const error = await t.throwsAsync(readWeightsFile(file), { instanceOf: ConvoyError, message });
    t.is((error as ConvoyError).code, 'CONVOY_WEIGHTS');
  });
}

test('no reader changes the file it refuses', async (t) => {
  const file = join(folder, 'same.h5');
  const bytes = scarred(h5, 800, 3000, 255);
  await writeFile(file, bytes);
  await t.throwsAsync(readWeightsFile(file));
  t.deepEqual(await readFile(file), bytes);
});
