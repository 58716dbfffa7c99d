/**
 * The augmentation stage alone: images a second of a core (CPU time of all threads of the process), beside sharp called
 * once an image, one bare `affine` over a mosaic, and Pillow doing the same where Python has it
 * (`$CONVOY_PEERS_PYTHON`, else `python3`). Run alone: `node dist/bench/harness/augment-stage.js [rounds]`.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { z } from 'zod';
import { parseAugment } from '../../augment/spec/index.js';
import { Renderer, windowSizes } from '../../augment/stage/index.js';
import { RandomStream } from '../../src/base/random.js';
import type { Dataset, FileStore, ImageShape, PixelStore } from '../../src/contracts/index.js';
import { median } from './statistics.js';

export interface AugmentBenchOptions {
  /** Rounds in which all are measured in turn. */
  readonly rounds?: number;
  /** Images of a round of the stage, thumbnails and photographs. */
  readonly thumbnails?: number;
  readonly photographs?: number;
}

/** One line of the result: medians over rounds. */
export interface AugmentMeasurement {
  readonly name: string;
  /** Images a second of CPU time. */
  readonly perCore: number;
  /** Images a second of wall time, with libuv's four threads. */
  readonly perSecond: number;
}

export interface AugmentBenchResult {
  readonly measurements: readonly AugmentMeasurement[];
  /** Why Pillow is missing, where it is. */
  readonly missing?: string;
  readonly pillow?: string;
  /** Claims of the README, true or false here. */
  readonly claims: Readonly<Record<string, boolean>>;
}

interface Timing {
  readonly images: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
}

interface Contender {
  readonly name: string;
  readonly run: () => Promise<Timing>;
}

const thumbnail = { height: 32, width: 32, channels: 3 };
const thumbnailBytes = 32 * 32 * 3;
const stored = 8192;
const photographs = 24;
const python = process.env['CONVOY_PEERS_PYTHON'] || 'python3';

async function timed(images: number, work: () => Promise<void>): Promise<Timing> {
  const cpu = process.cpuUsage();
  const started = performance.now();
  await work();
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return { images, seconds, cpuSeconds: (user + system) / 1e6 };
}

function datasetOf(shape: ImageShape, store: PixelStore | FileStore, count: number): Dataset {
  const labels = new Int32Array(new SharedArrayBuffer(count * 4));
  return {
    name: 'bench',
    split: 'train',
    count,
    classes: ['any'],
    shape,
    store,
    targets: { kind: 'classes', labels },
    fingerprint: '',
  };
}

/** The stage's own work in this thread: plan, source, apply. */
function stageContender(name: string, dataset: Dataset, list: string, images: number): Contender {
  const transforms = parseAugment(list);
  const renderer = new Renderer({ dataset, transforms, seed: 1 });
  const { windowSize } = windowSizes(dataset, transforms);
  const { height, width, channels } = dataset.shape;
  const pixels = new Uint8Array(new SharedArrayBuffer(windowSize * height * width * channels));
  const samples = Uint32Array.from({ length: windowSize }, (_, index) => (index * 7919) % dataset.count);
  let epoch = 0;
  const windows = Math.max(1, Math.ceil(images / windowSize));
  const run = async (): Promise<void> => {
    for (let window = 0; window < windows; window++) await renderer.render(epoch, window, samples, { pixels: pixels });
    epoch++;
  };
  return { name, run: () => timed(windows * windowSize, run) };
}

/** Flip, shifted crop and turn of one thumbnail by one chain of sharp each. */
function oneByOneContender(pixels: Uint8Array): Contender {
  const raw = { width: 32, height: 32, channels: 3 } as const;
  const images = 200;
  const run = async (): Promise<void> => {
    for (let image = 0; image < images; image++) {
      const bytes = pixels.slice(image * thumbnailBytes, (image + 1) * thumbnailBytes);
      await sharp(bytes, { raw }).flop().rotate(12, { background: '#000' }).raw().toBuffer();
    }
  };
  return { name: 'sharp, a call an image', run: () => timed(images, run) };
}

/** What sharp takes for many images in one call: a canvas that they lie on already. */
function bareContender(): Contender {
  const side = 34 * 23; // 23 x 23 tiles, near the 512 of a group
  const raw = { width: side, height: side, channels: 3 } as const;
  const canvas = Buffer.alloc(side * side * 3, 99);
  const turn: [number, number, number, number] = [Math.cos(0.2), -Math.sin(0.2), Math.sin(0.2), Math.cos(0.2)];
  const calls = 8;
  const run = async (): Promise<void> => {
    for (let call = 0; call < calls; call++) {
      await sharp(canvas, { raw }).affine(turn, { interpolator: 'bilinear', background: '#000' }).raw().toBuffer();
    }
  };
  return { name: 'bare affine of a mosaic', run: () => timed(calls * 23 * 23, run) };
}

const reply = z.object({ seconds: z.number(), cpuSeconds: z.number(), version: z.string() });
let pillowVersion: string | undefined;

function pillowContender(name: string, kind: string, where: string, images: number): Contender {
  // Compiled files lie in dist/bench, scripts are not compiled.
  const script = fileURLToPath(new URL('../../../bench/peers/pillow_augment.py', import.meta.url));
  return {
    name,
    run: async () => {
      const { stdout } = await promisify(execFile)(python, [script, kind, where, String(images)]);
      const { version, ...times } = reply.parse(JSON.parse(stdout));
      pillowVersion = version;
      return { images, ...times };
    },
  };
}

/**
 * Photographs of 500x375, of many edges and fine grain, quality 85 and 4:2:0: 39 kB each, 1.7 bits a pixel, as
 * photographs take at that quality. More bits would time the entropy decoder, which is the same for all.
 */
export async function writePhotographs(folder: string): Promise<string[]> {
  const names: string[] = [];
  for (let index = 0; index < photographs; index++) {
    const stream = new RandomStream(index, 'test');
    const circles = Array.from({ length: 60 }, () => {
      const [x, y, r, hue] = [stream.below(500), stream.below(375), 10 + stream.below(60), stream.below(360)];
      return `<circle cx="${x}" cy="${y}" r="${r}" fill="hsl(${hue} 70% 50%)" opacity="0.6"/>`;
    });
    const svg = `<svg width="500" height="375"><rect width="500" height="375" fill="#789"/>${circles.join('')}</svg>`;
    const pixels = await sharp(Buffer.from(svg)).removeAlpha().raw().toBuffer();
    for (let i = 0; i < pixels.length; i++)
      pixels[i] = Math.max(0, Math.min(255, (pixels[i] ?? 0) + stream.below(56) - 28));
    const name = `${index}.jpg`;
    await sharp(pixels, { raw: { width: 500, height: 375, channels: 3 } })
      .blur(0.6)
      .jpeg({ quality: 85 })
      .toFile(join(folder, name));
    names.push(name);
  }
  return names;
}

/** Measures all contenders in turn, round after round. */
export async function run(options: AugmentBenchOptions = {}): Promise<AugmentBenchResult> {
  const { rounds = 5, thumbnails = 8192, photographs: photographsOfRound = 96 } = options;
  const folder = await mkdtemp(join(tmpdir(), 'convoy-bench-'));
  try {
    const pixels = new Uint8Array(new SharedArrayBuffer(stored * thumbnailBytes));
    const stream = new RandomStream(1, 'test');
    for (let i = 0; i < pixels.length; i++) pixels[i] = stream.uint32() & 255;
    const thumbnailFile = join(folder, 'thumbnails');
    await writeFile(thumbnailFile, pixels.subarray(0, 1024 * thumbnailBytes));
    const photographFolder = await mkdtemp(join(folder, 'photographs-'));
    const paths = await writePhotographs(photographFolder);
    const small = datasetOf(thumbnail, { kind: 'pixels', pixels }, stored);
    const large = datasetOf(
      { height: 224, width: 224, channels: 3 },
      { kind: 'files', root: photographFolder, paths },
      photographs,
    );
    const contenders = [
      stageContender('flip, crop, rotate', small, 'flip,crop:4,rotate:15', thumbnails),
      bareContender(),
      stageContender('flip, crop', small, 'flip,crop:4', 4 * thumbnails),
      stageContender('resizedCrop, flip', small, 'resizedCrop,flip', thumbnails),
      stageContender('randAugment', small, 'randAugment', thumbnails),
      stageContender('trivialAugment', small, 'trivialAugment', thumbnails),
      stageContender('flip, crop, erase', small, 'flip,crop,erase', thumbnails),
      oneByOneContender(pixels),
      stageContender('photographs', large, 'resizedCrop,flip', photographsOfRound),
    ];
    const peers = [
      pillowContender('Pillow: flip, crop, rotate', 'thumbnails', thumbnailFile, 5000),
      pillowContender('Pillow: photographs', 'photographs', photographFolder, photographsOfRound),
    ];
    const { missing, measured } = await measureAll(contenders, peers, rounds);
    return {
      measurements: measured,
      ...(missing === undefined ? {} : { missing }),
      ...(pillowVersion === undefined ? {} : { pillow: pillowVersion }),
      claims: judge(measured),
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function measureAll(
  contenders: readonly Contender[],
  peers: readonly Contender[],
  rounds: number,
): Promise<{ missing?: string; measured: AugmentMeasurement[] }> {
  let missing: string | undefined;
  let all = [...contenders, ...peers];
  const timings = new Map<string, Timing[]>();
  for (let round = 0; round <= rounds; round++) {
    for (const { name, run: measure } of all) {
      try {
        const timing = await measure();
        if (round > 0) timings.set(name, [...(timings.get(name) ?? []), timing]); // the first round warms up
      } catch (error) {
        if (!peers.some((peer) => peer.name === name)) throw error;
        missing = `Pillow is not measured: ${error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)}`;
        all = [...contenders];
      }
    }
  }
  const measured = [...timings].map(([name, values]) => ({
    name,
    perCore: median(values.map(({ images, cpuSeconds }) => images / cpuSeconds)),
    perSecond: median(values.map(({ images, seconds }) => images / seconds)),
  }));
  return { measured, ...(missing === undefined ? {} : { missing }) };
}

/** What issue and README promise. */
function judge(measured: readonly AugmentMeasurement[]): Record<string, boolean> {
  const find = (name: string): AugmentMeasurement | undefined => measured.find((line) => line.name === name);
  const claims: Record<string, boolean> = {
    'flip, crop, rotate: at least 20,000 images/s a core': (find('flip, crop, rotate')?.perCore ?? 0) >= 20_000,
    'flip, crop: at least 100,000 images/s a core': (find('flip, crop')?.perCore ?? 0) >= 100_000,
  };
  const pillow = find('Pillow: photographs');
  if (pillow !== undefined) {
    claims['photographs: at least 1.3 times Pillow, by CPU time'] =
      (find('photographs')?.perCore ?? 0) >= 1.3 * pillow.perCore;
  }
  return claims;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const rounds = Number(process.argv[2] ?? 5);
  const { measurements, claims, missing, pillow } = await run({
    rounds: Number.isInteger(rounds) && rounds > 0 ? rounds : 5,
  });
  console.table(
    measurements.map(({ name, perCore, perSecond }) => ({
      name,
      'images/s a core': Math.round(perCore),
      'images/s': Math.round(perSecond),
    })),
  );
  console.log(missing ?? `Pillow ${pillow}`);
  console.table(claims);
}
