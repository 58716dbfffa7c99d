/**
 * A property of random folders: classes and counts are those of the reference below or the folder is refused, and pixels
 * are one truth. CONVOY_FOLDERS sets how many are drawn, CONVOY_FOLDER_SEED the first seed.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { Renderer } from '../../augment/stage/index.js';
import type { Dataset, ImageShape } from '../../src/contracts/index.js';
import { type OpenedDataset, openDataset } from '../../src/data/index.js';
import { loadNative } from '../../src/native/index.js';
import { pixelsOf } from '../../src/predict/images.js';
import { temporaryFolder } from '../fixtures/data/files.js';
import { classCounts, tally } from '../support/data-rules.js';
import { drawFolder, type FolderPlan, type Part, type PlannedImage, sameSized } from '../support/random-folder.js';

const { folder, remove } = await temporaryFolder();
process.env['CONVOY_CACHE'] = path.join(folder, 'cache');
await loadNative();
const run = promisify(execFile);

const count = Number(process.env['CONVOY_FOLDERS'] ?? 15);
const firstSeed = Number(process.env['CONVOY_FOLDER_SEED'] ?? 1);

/** Images of each class of each part, or why the folder must be refused. */
function reference({ images, hasSplits, faults }: FolderPlan): string | Record<Part, Record<string, number>> {
  if (faults.length > 0) return faults.join();
  const of = (wanted: Part) => tally(images.filter(({ part }) => part === wanted).map(({ name }) => name));
  const parts = { train: of('train'), test: of('test'), validation: of('validation') };
  const classes = Object.keys(parts.train);
  if (classes.length < 2) return 'one class';
  if (classes.every((name) => ['train', 'val'].includes(name))) return 'classes called as splits alone';
  if (images.some(({ image }) => image === undefined)) return 'a bad image';
  const heldOut = Math.max(...Object.values(parts.train).map((number) => Math.round(number / 5)));
  const tested = Object.keys({ ...parts.test, ...parts.validation }).length > 0;
  return !(hasSplits && tested) && heldOut === 0 ? 'too few to hold out a fifth' : parts;
}

const hash = (name: string, pixels: Uint8Array): string => `${name} ${createHash('sha1').update(pixels).digest('hex')}`;

/** Every image of a split as training and evaluation read it: class and pixels. */
async function read(dataset: Dataset): Promise<string[]> {
  const { targets, classes, shape } = dataset;
  const bytes = shape.height * shape.width * shape.channels;
  const found: string[] = [];
  for (let sample = 0; sample < dataset.count; sample++) {
    const pixels = new Uint8Array(bytes);
    await new Renderer({ dataset, transforms: [], seed: 1 }).render(0, 0, Uint32Array.of(sample), { pixels: pixels });
    const label = targets.kind === 'classes' ? targets.labels[sample] : undefined;
    found.push(hash(classes[label ?? -1] ?? '?', pixels));
  }
  return found;
}

const everything = async ({ train, test: tested, validation }: OpenedDataset): Promise<string[]> =>
  [...(await read(train)), ...(await read(tested)), ...(validation ? await read(validation) : [])].sort();

/** The same as prediction reads the files. */
async function predicted(root: string, images: readonly PlannedImage[], shape: ImageShape): Promise<string[]> {
  const found = images.map(async ({ path: below, name }) =>
    hash(name, Uint8Array.from(await pixelsOf(path.join(root, below), shape))),
  );
  return (await Promise.all(found)).sort();
}

async function check(t: ExecutionContext, seed: number): Promise<string> {
  const root = path.join(folder, `${seed}`);
  const plan = await drawFolder(seed, root, path.join(folder, `${seed}-outside`));
  const { images } = plan;
  const right = reference(plan);
  const open = (name: string, options: object = {}) => openDataset({ name, seed, ...options });
  const archive = `${root}.tar`;
  const format = ['v7', 'gnu', 'ustar', 'pax'][seed % 4] as string;
  await run('tar', ['-C', root, `--format=${format}`, '-cf', archive, '.']);
  if (typeof right === 'string') {
    const what = `${right} must be refused`;
    for (const options of [{}, { imageSize: 5 }]) {
      // Photographs are decoded when they are read, not when the folder is opened.
      const reading = open(root, options).then(everything);
      await t.throwsAsync(reading, { code: 'CONVOY_DATA' }, what);
    }
    return right;
  }
  const opened = await open(root);
  const { train, test: tested, validation, notes } = opened;
  t.deepEqual(train.classes, Object.keys(right.train).sort());
  if (plan.hasSplits && Object.keys(right.test).length + Object.keys(right.validation).length > 0) {
    const named = (part: Record<string, number>) => ({
      ...Object.fromEntries(train.classes.map((n) => [n, 0])),
      ...part,
    });
    const onlyValidation = Object.keys(right.test).length === 0;
    t.deepEqual(classCounts(train), named(right.train));
    t.deepEqual(classCounts(tested), named(onlyValidation ? right.validation : right.test));
    if (validation !== undefined) t.deepEqual(classCounts(validation), named(right.validation));
    t.is(validation === undefined, onlyValidation || Object.keys(right.validation).length === 0);
  } else {
    t.deepEqual(classCounts(train, tested), right.train);
    for (const [name, number] of Object.entries(classCounts(tested)))
      t.is(number, Math.round((right.train[name] as number) / 5), name);
  }
  const told = (what: RegExp): number => notes.reduce((sum, note) => sum + Number(what.exec(note)?.[1] ?? 0), 0);
  t.is(told(/^left out (\d+) files? /), plan.others.length);
  t.is(told(/^left out (\d+) links? /), plan.emptyLinks.length);

  const same = new Set(images.map(({ image }) => `${image?.height}x${image?.width}`)).size === 1;
  const [first] = images;
  const own = { height: first?.image?.height ?? 0, width: first?.image?.width ?? 0, channels: 3 };
  t.deepEqual(train.shape, same ? own : { height: 224, width: 224, channels: 3 });
  const unsized = await predicted(root, images, train.shape);
  t.deepEqual(await everything(opened), unsized, 'without a size');
  if (same) {
    const pixels = images.map(({ name, image }) => hash(name, image?.pixels ?? new Uint8Array()));
    if (images.every(({ image }) => image?.tolerance === 0)) t.deepEqual(unsized, pixels.sort(), "Pillow's pixels");
  }
  const sized = await open(root, { imageSize: [6, 5] });
  t.is(sized.train.store.kind, 'pixels');
  const small = await predicted(root, images, sized.train.shape);
  t.deepEqual(await everything(sized), small, 'with a size, in memory');
  const paths = images.map(({ path: below }) => below);
  const labels = new Int32Array(new SharedArrayBuffer(4 * images.length));
  images.forEach(({ name }, index) => (labels[index] = train.classes.indexOf(name)));
  const streamed: Dataset = {
    ...sized.train,
    count: paths.length,
    store: { kind: 'files', root, paths },
    targets: { kind: 'classes', labels },
  };
  t.deepEqual((await read(streamed)).sort(), small, 'with a size, streamed');

  if (plan.linksOut.length > 0) {
    await t.throwsAsync(open(archive), { message: /a link to nothing in the archive/ });
    return 'links out of the archive';
  }
  const packed = await open(archive);
  t.deepEqual(
    [packed.train, packed.test].map((part) => classCounts(part)),
    [train, tested].map((part) => classCounts(part)),
  );
  t.deepEqual(await everything(packed), unsized, 'from an archive');
  t.deepEqual(await everything(await open(archive, { imageSize: [6, 5] })), small, 'from an archive, with a size');
  return same ? 'read' : 'read, brought to 224x224';
}

test.after.always(remove);

test(`${count} random folders from seed ${firstSeed} on are read as the reference says, the pixels the same by every way`, async (t) => {
  t.true(sameSized.length > 15);
  const outcomes = new Set<string>();
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    const attempt = await t.try(`seed ${seed}`, async (inner) => void outcomes.add(await check(inner, seed)));
    if (!attempt.passed) t.log(`CONVOY_FOLDER_SEED=${seed} CONVOY_FOLDERS=1 draws the folder that failed`);
    attempt.commit();
    if (!attempt.passed) return;
    for (const place of [`${seed}`, `${seed}-outside`, `${seed}.tar`]) {
      await rm(path.join(folder, place), { recursive: true, force: true });
    }
  }
  t.log([...outcomes].join('; '));
});
