/**
 * Opens TFRecord files of photographs, a small set and one of 2 GB, and feeds some thousand images of each, in a process of its own:
 * fails when the most memory of the large set is more than that of the small one by over 64 MiB.
 * `node dist/bench/checks/stream-records.js [GB]` writes the sets into the folder for temporary files and removes them;
 * `stream-records.js SMALL LARGE` takes datasets that are there (Parquet files, say).
 */
import { execFile } from 'node:child_process';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { tfRecord } from '../../src/base/tf-record.js';
import { openDataset } from '../../src/data/index.js';
import { writeExample } from '../../src/data/tf-example.js';
import { writePhotographs } from '../harness/augment-stage.js';
import { feedRate } from '../harness/feed.js';

/** Images that are fed, of either set. */
const fed = 2000;
const shards = 8;
/** The small set's share of the large one. */
const smallShare = 0.05;
/** What the index of images takes (16 bytes each), and what allocators keep. */
const mostGrowth = 64;

/** Writes a set of about so many bytes. */
async function write(folder: string, name: string, bytes: number): Promise<string> {
  const photographs = await mkdtemp(join(folder, 'photographs-'));
  const images = await Promise.all(
    (await writePhotographs(photographs)).map((file) => readFile(join(photographs, file))),
  );
  const place = await mkdtemp(join(folder, `${name}-`));
  for (let shard = 0, image = 0; shard < shards; shard++) {
    const file = await open(join(place, `train.tfrecord-0000${shard}-of-0000${shards}`), 'w');
    for (let written = 0; written < bytes / shards; ) {
      const chunk = Array.from({ length: 256 }, () => {
        const encoded = images[image % images.length] as Buffer;
        return tfRecord(writeExample({ 'image/encoded': encoded, 'image/class/label': image++ % 10 }));
      });
      written += chunk.reduce((sum, record) => sum + record.length, 0);
      await file.writev(chunk);
    }
    await file.close();
  }
  return place;
}

interface Found {
  readonly images: number;
  readonly mebibytes: number;
  readonly openSeconds: number;
}

/** Opens a set, feeds some images, and says the most memory that this process took. */
async function child(name: string): Promise<void> {
  const started = performance.now();
  const { train, test } = await openDataset({ name, seed: 0 });
  const openSeconds = (performance.now() - started) / 1000;
  const images = train.count + test.count;
  // Spread over all files by the sampler's order, as every epoch begins.
  const { train: some } = await openDataset({ name, seed: 0, limit: Math.min(fed, train.count) });
  await feedRate(some, 1, 2);
  const found: Found = { images, mebibytes: process.resourceUsage().maxRSS / 1024, openSeconds };
  process.stdout.write(JSON.stringify(found));
}

/** The first start, which reads all, and the second, which reads the index. */
async function measure(name: string, cache: string): Promise<Record<string, Found>> {
  const found: Record<string, Found> = {};
  for (const start of ['first start', 'second start']) {
    const options = { env: { ...process.env, CONVOY_CACHE: cache } };
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [fileURLToPath(import.meta.url), '--child', name],
      options,
    );
    found[start] = JSON.parse(stdout) as Found;
  }
  return found;
}

const given = process.argv.slice(2);
if (given[0] === '--child') await child(given[1] ?? '');
else {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-records-'));
  try {
    const paths = given.length === 2 ? given : [];
    const bytes = Number(given[0] ?? 2) * 1e9;
    const small = paths[0] ?? (await write(folder, 'small', smallShare * bytes));
    const large = paths[1] ?? (await write(folder, 'large', bytes));
    const cache = join(folder, 'cache');
    const [first, second] = [await measure(small, cache), await measure(large, cache)];
    for (const [name, found] of Object.entries({ small: first, large: second })) {
      console.log(name);
      console.table(found);
    }
    for (const start of Object.keys(second)) {
      const growth = (second[start]?.mebibytes ?? Number.NaN) - (first[start]?.mebibytes ?? Number.NaN);
      const holds = growth <= mostGrowth;
      console.log(
        `${start}: ${growth.toFixed(0)} MiB more, at most ${mostGrowth}: ${holds ? 'holds' : 'DOES NOT HOLD'}`,
      );
      if (!holds) process.exitCode = 1;
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
