import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { convertDataset, type OpenOptions, openDataset, packDataset } from '../../src/data/index.js';
import { availableCores } from '../../src/native/index.js';
import { writePhotographs } from '../harness/augment-stage.js';
import { feedRate } from '../harness/feed.js';
import { atLeast, type Claim } from '../harness/result.js';
import { summarize } from '../harness/statistics.js';
import type { Bench, BenchOptions } from './bench.js';

/** How much of the speed of decoded memory TFRecord and packed files must have at 32x32: all, less the noise of a round. */
const leastOfMemory = 0.95;
/** How many times as fast as a folder of JPEG photographs packed pixels of 224x224 must be, and what the same JPEGs in one file. */
const leastPacked = 1.3;
const leastEncoded = 0.95;
/** Copies of the photographs in the folder, so that an epoch is worth measuring. */
const photographFolders = ['a', 'b', 'c', 'd'];
const seed = 1;

/** Where a dataset lies, and how it is opened. */
interface Contender {
  readonly name: string;
  readonly options: OpenOptions;
}

/** How fast each way of keeping a dataset opens and feeds training. */
export const dataBench: Bench = {
  name: 'data',
  title: 'Feeding from files',
  async run(options) {
    const folder = await mkdtemp(join(tmpdir(), 'convoy-data-bench-'));
    const before = process.env['CONVOY_CACHE'];
    process.env['CONVOY_CACHE'] = join(folder, 'cache');
    try {
      const small = await measure(await smallContenders(folder, options), options, options.quick ? 1 : 20);
      const large = await measure(await largeContenders(folder), options, options.quick ? 1 : 3);
      const claims: Claim[] = [
        ...small.slice(1).map((row) => relative('32x32', row, small[0], leastOfMemory)),
        ...large.slice(1).map((row) => relative('224x224', row, large[0], row.isPixels ? leastPacked : leastEncoded)),
      ];
      return {
        tables: [
          { title: '6,000 images of 32x32', columns, rows: small.map(cells) },
          { title: 'Photographs of 500x375 at 224x224', columns, rows: large.map(cells) },
        ],
        claims,
        notes: [
          'The same JPEG files in one file are decoded as those of a folder are: only packed pixels leave the decoding out.',
        ],
      };
    } finally {
      if (before === undefined) delete process.env['CONVOY_CACHE'];
      else process.env['CONVOY_CACHE'] = before;
      await rm(folder, { recursive: true, force: true });
    }
  },
};

const columns = ['from', 'seconds to open', 'images/s', 'lowest', 'highest'];

interface Row {
  readonly name: string;
  readonly isPixels: boolean;
  readonly seconds: number;
  readonly rate: ReturnType<typeof summarize>;
}

const cells = ({ name, seconds, rate }: Row): (string | number | null)[] => [
  name,
  seconds,
  rate.median,
  rate.lowest,
  rate.highest,
];

function relative(size: string, row: Row, first: Row | undefined, least: number): Claim {
  const share = row.rate.median / (first?.rate.median ?? Number.NaN);
  return atLeast(`${size}: images/s of ${row.name}, times those of ${first?.name}`, least, share);
}

async function smallContenders(folder: string, { quick }: BenchOptions): Promise<Contender[]> {
  const source = { name: 'shapes', seed, ...(quick ? { limit: 640 } : {}) };
  await convertDataset({ ...source, out: join(folder, 'shapes-tfrecord') });
  await packDataset({ ...source, out: join(folder, 'shapes.pack') });
  return [
    { name: 'decoded memory', options: source },
    { name: 'TFRecord', options: { name: join(folder, 'shapes-tfrecord'), seed } },
    { name: 'a packed file', options: { name: join(folder, 'shapes.pack'), seed } },
  ];
}

async function largeContenders(folder: string): Promise<Contender[]> {
  const name = join(folder, 'photographs');
  for (const part of photographFolders) {
    await mkdir(join(name, part), { recursive: true });
    await writePhotographs(join(name, part));
  }
  await convertDataset({ name, seed, out: join(folder, 'photographs-tfrecord') });
  await packDataset({ name, seed, out: join(folder, 'encoded.pack') });
  await packDataset({ name, seed, imageSize: 224, out: join(folder, 'pixels.pack') });
  return [
    { name: 'a folder of JPEG files', options: { name, seed } },
    { name: 'TFRecord of JPEG', options: { name: join(folder, 'photographs-tfrecord'), seed } },
    { name: 'a packed file of JPEG', options: { name: join(folder, 'encoded.pack'), seed } },
    { name: 'packed pixels', options: { name: join(folder, 'pixels.pack'), seed } },
  ];
}

/** Every contender in turn, round after round, on all cores; caches are warm, as they are in all starts but the first. */
async function measure(contenders: readonly Contender[], options: BenchOptions, epochs: number): Promise<Row[]> {
  const opened = [];
  for (const { name, options: opening } of contenders) {
    options.say(name);
    await openDataset(opening);
    const started = performance.now();
    const { train } = await openDataset(opening);
    opened.push({ name, train, seconds: (performance.now() - started) / 1000, rates: [] as number[] });
  }
  for (let round = 0; round < (options.quick ? 1 : options.rounds); round++) {
    for (const { train, rates } of opened) rates.push(await feedRate(train, epochs, availableCores()));
  }
  return opened.map(({ name, train, seconds, rates }) => {
    return { name, isPixels: train.store.kind === 'pixels', seconds, rate: summarize(rates) };
  });
}
