/**
 * Streams photographs through the augmentation stage and watches memory and handles: the same few files again and again,
 * decoded each time. Fails when memory grows or a handle is left behind.
 * Run alone: `node dist/bench/checks/stream-photographs.js [photographs]`, 100,000 by default.
 */
import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseAugment } from '../../augment/spec/index.js';
import { createAugmentStage } from '../../augment/stage/index.js';
import type { BatchSlot, Dataset } from '../../src/contracts/index.js';
import { BatchFeeder } from '../../src/coordinator/index.js';
import { writePhotographs } from '../harness/augment-stage.js';

const shape = { height: 224, width: 224, channels: 3 };
const batchSize = 32;
/** Photographs of an epoch: an order of all would be memory of the bench's own. */
const ofEpoch = 10_000;
/** Growth that counts as flat: a share of the memory after the first tenth, where allocators settle. */
const mostGrowth = 0.1;
const mebibyte = 2 ** 20;

/** Open files of this process, where the system lists them. */
function openFiles(): number | undefined {
  try {
    return readdirSync('/proc/self/fd').length;
  } catch {
    return undefined;
  }
}

/** Handles that keep a process alive, by kind. */
function handles(): string[] {
  return process.getActiveResourcesInfo().sort();
}

interface Sample {
  readonly photographs: number;
  readonly megabytes: number;
  readonly perSecond: number;
}

/** Streams `count` photographs; memory after every tenth of them. */
async function stream(count: number, dataset: Dataset): Promise<Sample[]> {
  const slots: BatchSlot[] = Array.from({ length: 4 }, () => ({
    pixels: new Uint8Array(new SharedArrayBuffer(batchSize * shape.height * shape.width * shape.channels)),
    labels: new Int32Array(new SharedArrayBuffer(batchSize * 4)),
  }));
  const stage = await createAugmentStage({
    dataset,
    slots,
    transforms: parseAugment('resizedCrop,flip'),
    seed: 1,
    workers: 1,
    batchSize,
  });
  const samples: Sample[] = [];
  const started = performance.now();
  let done = 0;
  try {
    for (let epoch = 0; done < count; epoch++) {
      const order = Uint32Array.from({ length: Math.min(ofEpoch, count - done) }, (_, index) => index);
      const feeder = new BatchFeeder({ stage, epoch, order, batchSize, slots: slots.map((_, index) => index) });
      for (let batch = await feeder.next(); batch !== undefined; batch = await feeder.next()) {
        done += batch.count;
        feeder.release(batch);
        feeder.prefetch();
        if (Math.floor((10 * done) / count) > samples.length) {
          const megabytes = process.memoryUsage.rss() / mebibyte;
          const perSecond = (1000 * done) / (performance.now() - started);
          samples.push({ photographs: done, megabytes: Math.round(megabytes), perSecond: Math.round(perSecond) });
        }
      }
    }
    // Closed with windows under way, as a run that is stopped does.
    stage.begin(
      Number.MAX_SAFE_INTEGER,
      Uint32Array.from({ length: ofEpoch }, (_, index) => index),
      0,
    );
  } finally {
    await stage.close();
  }
  return samples;
}

const count = Number(process.argv[2] ?? 100_000);
if (!Number.isInteger(count) || count < 1)
  throw new RangeError(`Expected a number of photographs but received ${process.argv[2]}`);
const folder = await mkdtemp(join(tmpdir(), 'convoy-stream-'));
try {
  const files = await writePhotographs(folder);
  const paths = Array.from({ length: ofEpoch }, (_, index) => files[index % files.length] ?? '');
  const labels = new Int32Array(new SharedArrayBuffer(ofEpoch * 4));
  const dataset: Dataset = {
    name: 'stream',
    split: 'train',
    count: ofEpoch,
    classes: ['any'],
    shape,
    store: { kind: 'files', root: folder, paths },
    targets: { kind: 'classes', labels },
    fingerprint: '',
  };
  await stream(ofEpoch / 10, dataset); // opens what a process opens once
  const before = { files: openFiles(), handles: handles() };
  const samples = await stream(count, dataset);
  const after = { files: openFiles(), handles: handles() };
  console.table(samples);
  const first = samples[0]?.megabytes ?? Number.NaN;
  const growth = (samples.at(-1)?.megabytes ?? Number.NaN) / first - 1;
  const claims = {
    [`memory grows by at most ${100 * mostGrowth}% (${(100 * growth).toFixed(1)}%)`]: growth <= mostGrowth,
    [`no file is left open (${before.files} before, ${after.files} after)`]: after.files === before.files,
    [`no handle is left (${after.handles.join(', ') || 'none'})`]: after.handles.join() === before.handles.join(),
  };
  console.table(claims);
  if (Object.values(claims).includes(false)) process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true });
}
