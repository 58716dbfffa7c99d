import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import test from 'ava';
import { pack } from 'tar-stream';
import { catalogEntry } from '../../src/data/catalog.js';
import { cifar10Layout, cifar100Layout, readCifar } from '../../src/data/formats/cifar-binary.js';

const folder = await mkdtemp(path.join(tmpdir(), 'convoy-cifar-'));
test.after.always(() => rm(folder, { recursive: true, force: true }));

const cifar10 = catalogEntry('cifar10') ?? never();
const cifar100 = catalogEntry('cifar100') ?? never();

function never(): never {
  throw new Error('the catalog has both');
}

/** A record whose red plane is all `red`, and so on, but for a first pixel of 1, 2, 3. */
function record(labels: readonly number[], red: number, green: number, blue: number): Buffer {
  const planes = [red, green, blue].map((level, plane) => Buffer.alloc(1024, level).fill(plane + 1, 0, 1));
  return Buffer.concat([Buffer.from(labels), ...planes]);
}

const batchNames = [1, 2, 3, 4, 5].map((batch) => `data_batch_${batch}.bin`);

/** Five batches of one record each, labels 5 to 9, and a test batch. */
function cifar10Files(): Map<string, Buffer> {
  const batches = batchNames.map((name, index) => [name, record([5 + index], 10 * index, 20, 30)] as const);
  return new Map([...batches, ['test_batch.bin', record([3], 40, 50, 60)]]);
}

let folders = 0;
async function write(files: ReadonlyMap<string, Buffer>): Promise<string> {
  const place = path.join(folder, String(folders++));
  await mkdir(place);
  for (const [name, bytes] of files) await writeFile(path.join(place, name), bytes);
  return place;
}

test('planes become pixels, batches follow their numbers whatever the order in the archive', async (t) => {
  const tar = pack();
  for (const [name, bytes] of [...cifar10Files()].reverse()) tar.entry({ name: `cifar-10-batches-bin/${name}` }, bytes);
  tar.finalize();
  const parts: Buffer[] = [];
  for await (const part of tar) if (part instanceof Buffer) parts.push(part);
  const archive = path.join(folder, 'cifar-10-binary.tar.gz');
  await writeFile(archive, gzipSync(Buffer.concat(parts)));

  for (const read of [
    readCifar(cifar10Layout, cifar10, await write(cifar10Files())),
    readCifar(cifar10Layout, cifar10, archive),
  ]) {
    const { train, test: tested } = await read;
    t.deepEqual([...train.labels], [5, 6, 7, 8, 9]);
    t.deepEqual([...tested.labels], [3]);
    t.deepEqual([...train.pixels.subarray(3072, 3072 + 9)], [1, 2, 3, 10, 20, 30, 10, 20, 30]);
    t.deepEqual([...tested.pixels.subarray(-3)], [40, 50, 60]);
  }
});

test('the class of CIFAR-100 is the fine label', async (t) => {
  const place = await write(
    new Map([
      ['train.bin', Buffer.concat([record([19, 99], 1, 2, 3), record([0, 7], 1, 2, 3)])],
      ['test.bin', record([4, 42], 1, 2, 3)],
    ]),
  );
  const { train, test: tested } = await readCifar(cifar100Layout, cifar100, place);
  t.deepEqual([[...train.labels], [...tested.labels]], [[99, 7], [42]]);
});

const wrong: readonly [what: string, change: (files: Map<string, Buffer>) => void, message: RegExp][] = [
  [
    'a batch cut short',
    (files) => files.set('data_batch_2.bin', record([1], 0, 0, 0).subarray(0, 3000)),
    /data_batch_2\.bin: record 0: expected whole records of 3073 bytes but found 3000 bytes in all$/,
  ],
  [
    'an empty batch',
    (files) => files.set('data_batch_2.bin', Buffer.alloc(0)),
    /data_batch_2\.bin: record 0: .* found 0 bytes in all$/,
  ],
  [
    'a label out of range',
    (files) => files.set('data_batch_3.bin', Buffer.concat([record([1], 0, 0, 0), record([10], 0, 0, 0)])),
    /data_batch_3\.bin: record 1, byte 0: expected a label from 0 to 9 but found 10$/,
  ],
  [
    'a missing batch',
    (files) => files.delete('data_batch_4.bin'),
    /data_batch_4\.bin: expected a readable file but found ENOENT/,
  ],
];

for (const [what, change, message] of wrong) {
  test(`${what}: refused with file, record and expectation`, async (t) => {
    const files = cifar10Files();
    change(files);
    await t.throwsAsync(readCifar(cifar10Layout, cifar10, await write(files)), { code: 'CONVOY_DATA', message });
  });
}

test('a coarse label out of range is refused', async (t) => {
  const place = await write(
    new Map([
      ['train.bin', record([20, 5], 0, 0, 0)],
      ['test.bin', record([1, 5], 0, 0, 0)],
    ]),
  );
  await t.throwsAsync(readCifar(cifar100Layout, cifar100, place), {
    message: /record 0, byte 0: expected a label from 0 to 19 but found 20$/,
  });
});
