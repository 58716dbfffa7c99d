import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { readSafetensors, writeSafetensors } from '../../src/weights/index.js';

const fixtures = join(import.meta.dirname, '../../../test/fixtures');
const folder = await mkdtemp(join(tmpdir(), 'convoy-safetensors-'));

/** A file with this header text and this many bytes of data after it. */
function bytesOf(header: string, dataBytes = 0, declaredLength = BigInt(Buffer.byteLength(header))): Buffer {
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(declaredLength);
  return Buffer.concat([prefix, Buffer.from(header), Buffer.alloc(dataBytes)]);
}

test('every element type reads as the float32 that PyTorch converts it to', async (t) => {
  // types.safetensors was written by safetensors.torch.save_file; the values are tensor.to(torch.float32).
  const { tensors, metadata } = await readSafetensors(join(fixtures, 'weights/types.safetensors'));
  const values = Object.fromEntries(tensors.map(({ name, data }) => [name, [...data]]));
  const exact = [0, -1.5, 3.140625, 65504, 5.960464477539063e-8];
  t.deepEqual(values, {
    f32: [...exact, -0.10000000149011612],
    f64: [...exact, -0.10000000149011612],
    f16: [...exact, -0.0999755859375],
    bf16: [0, -1.5, 3.140625, 65536, 5.960464477539063e-8, -0.10009765625],
    i64: [-128, 0, 127],
    i32: [-128, 0, 127],
    i16: [-128, 0, 127],
    i8: [-128, 0, 127],
    u8: [0, 200, 255],
    bool: [1, 0, 1],
    scalar: [7],
  });
  t.deepEqual(tensors.find(({ name }) => name === 'f16')?.shape, [2, 3]);
  t.deepEqual(tensors.find(({ name }) => name === 'scalar')?.shape, []);
  t.deepEqual(metadata, { format: 'pt' });
});

test('the published ResNet-20 file reads whole', async (t) => {
  const { tensors } = await readSafetensors(join(fixtures, 'parity/torch-resnet20-cifar10/resnet20.safetensors'));
  t.is(tensors.length, 97);
  t.is(tensors[0]?.name, 'conv1.weight');
  t.deepEqual(tensors[0]?.shape, [16, 3, 3, 3]);
  // 269,722 parameters (He et al. 2016, table 6: 0.27 M) and 2 x 688 moving statistics.
  t.is(
    tensors.reduce((sum, { data }) => sum + data.length, 0),
    271_098,
  );
});

test('a written file has the bytes that the format prescribes', async (t) => {
  const file = join(folder, 'bytes.safetensors');
  await writeSafetensors(file, [{ name: 'a', shape: [2, 1], data: new Float32Array([1, -2]) }], { format: 'pt' });
  const header = '{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}';
  const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
  const expected = bytesOf(padded, 8);
  expected.writeFloatLE(1, 8 + padded.length);
  expected.writeFloatLE(-2, 12 + padded.length);
  t.deepEqual(await readFile(file), expected);
});

test('what is written is read back bit for bit, shared memory, odd names and empty tensors included', async (t) => {
  const file = join(folder, 'round.safetensors');
  const shared = new Float32Array(new SharedArrayBuffer(12));
  shared.set([NaN, -0, Infinity]);
  await writeSafetensors(file, [
    { name: '__proto__', shape: [3], data: shared },
    { name: 'größe/0', shape: [0, 4], data: new Float32Array(0) },
    { name: 'b', shape: [], data: new Float32Array([0.1]) },
  ]);
  const { tensors } = await readSafetensors(file);
  t.deepEqual(
    tensors.map(({ name, shape, data }) => [name, shape, [...data]]),
    [
      ['__proto__', [3], [NaN, -0, Infinity]],
      ['größe/0', [0, 4], []],
      ['b', [], [Math.fround(0.1)]],
    ],
  );
});

test('a tensor that does not fit its shape, or a name used twice, writes nothing', async (t) => {
  const target = join(await mkdtemp(join(folder, 'nothing-')), 'x.safetensors');
  const data = new Float32Array(3);
  const misshapen = await t.throwsAsync(writeSafetensors(target, [{ name: 'a', shape: [2, 2], data }]));
  t.regex(misshapen?.message ?? '', /tensor "a": expected 4 values .* found 3/);
  const twice = { name: 'a', shape: [3], data };
  t.regex((await t.throwsAsync(writeSafetensors(target, [twice, twice])))?.message ?? '', /second/);
  t.deepEqual(await readdir(join(target, '..')), []);
});

test('a place that cannot be written is CONVOY_DISK and leaves no partial file', async (t) => {
  const inside = await mkdtemp(join(folder, 'disk-'));
  await writeFile(join(inside, 'file'), '');
  const error = await t.throwsAsync(writeSafetensors(join(inside, 'file/x.safetensors'), []), {
    instanceOf: ConvoyError,
  });
  t.is((error as ConvoyError).code, 'CONVOY_DISK');
  t.deepEqual(await readdir(inside), ['file']);
});

const entry = (fields: Record<string, unknown>): string =>
  JSON.stringify({ a: { dtype: 'F32', shape: [2], data_offsets: [0, 8], ...fields } });
const two = (first: [number, number], second: [number, number]): string =>
  JSON.stringify({
    a: { dtype: 'U8', shape: [first[1] - first[0]], data_offsets: first },
    b: { dtype: 'U8', shape: [second[1] - second[0]], data_offsets: second },
  });

const damaged: readonly (readonly [title: string, bytes: Buffer, message: RegExp])[] = [
  ['an empty file', Buffer.alloc(0), /header length: expected 8 bytes but found 0 before the end/],
  ['a file cut inside the header', bytesOf(entry({}), 8).subarray(0, 20), /header length: expected at most 12/],
  ['a file cut inside the data', bytesOf(entry({}), 5), /tensor "a": expected bytes inside the 5 of the file/],
  ['bytes behind the tensors', bytesOf(entry({}), 9), /end of file: expected 8 bytes of tensors but found 9/],
  [
    'a huge header',
    bytesOf('{}', 0, 2n ** 63n),
    /header length: expected at most 2 bytes but found 9223372036854775808/,
  ],
  ['a header that is no JSON', bytesOf('{"a":'), /header: expected JSON/],
  ['a header that is a list', bytesOf('[1]'), /header: expected a JSON object but found a list/],
  ['a header that is null', bytesOf('null'), /header: expected a JSON object but found null/],
  ['an entry that is a number', bytesOf('{"a":1}'), /tensor "a": expected an object but found 1/],
  [
    'an unknown dtype',
    bytesOf(entry({ dtype: 'F8_E4M3' }), 8),
    /tensor "a": expected a dtype of F32.* found "F8_E4M3"/,
  ],
  ['a negative dimension', bytesOf(entry({ shape: [-2] }), 8), /tensor "a": expected a shape .* found \[-2\]/],
  ['a fractional dimension', bytesOf(entry({ shape: [0.5, 4] }), 8), /tensor "a": expected a shape/],
  ['an overflowing shape', bytesOf(entry({ shape: [2 ** 40, 2 ** 40] }), 8), /tensor "a": expected a shape/],
  ['offsets that go backwards', bytesOf(entry({ data_offsets: [8, 0] }), 8), /tensor "a": expected data_offsets/],
  ['negative offsets', bytesOf(entry({ data_offsets: [-8, 0] }), 8), /tensor "a": expected data_offsets/],
  [
    'a range of the wrong size',
    bytesOf(entry({ data_offsets: [0, 4] }), 4),
    /tensor "a": expected 8 bytes for F32 \[2\]/,
  ],
  ['a range beyond the file', bytesOf(two([0, 4], [4, 9]), 8), /tensor "b": expected bytes inside the 8 of the file/],
  ['overlapping ranges', bytesOf(two([0, 4], [3, 8]), 8), /tensor "b": expected bytes from 4 on but found an overlap/],
  ['a hole between ranges', bytesOf(two([0, 4], [5, 8]), 8), /tensor "b": expected bytes from 4 on but found a hole/],
];

for (const [title, bytes, message] of damaged) {
  test(`refused, with file and place: ${title}`, async (t) => {
    const file = join(folder, `${title.replaceAll(' ', '-')}.safetensors`);
    await writeFile(file, bytes);
    const error = await t.throwsAsync(readSafetensors(file), { instanceOf: ConvoyError, message });
    t.is((error as ConvoyError).code, 'CONVOY_WEIGHTS');
    t.is((error as ConvoyError).details.file, file);
  });
}

test('a file that is not there is named', async (t) => {
  await t.throwsAsync(readSafetensors(join(folder, 'absent')), { message: /absent: expected a readable .*ENOENT/ });
  await t.throwsAsync(readSafetensors(folder), { message: /expected a file but found a folder/ });
});
