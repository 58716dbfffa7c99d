import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileError } from '../../base/errors.js';
import type { PixelSize } from '../../contracts/index.js';
import { annotatedDataset } from '../annotated-dataset.js';
import {
  type Annotations,
  type ClassOptions,
  MaskScans,
  masksAreBinary,
  type ReadOptions,
  readCoco,
  readMaskFolders,
  readPets,
  readVoc,
  readVocSegmentation,
  readYolo,
} from '../annotations/index.js';
import { entryKind, firstEntry } from '../entries.js';
import { type OpenOptions, sizeOf } from '../options.js';
import type { OpenedSplits } from '../splits.js';
import { defineDatasetFormat } from './define.js';

type Layout = (place: string) => Promise<SplitReaders | undefined>;

/** How a split is read; undefined where the folder has none of that name. */
interface SplitReaders {
  readonly train: (options: ClassOptions) => Promise<Annotations>;
  readonly test?: (options: ClassOptions) => Promise<Annotations>;
  /** What a person should know. */
  readonly notes: readonly string[];
}

/** Size that images are brought to where they differ and none is asked for. */
const usualSide = 224;
const testNames = ['test', 'val', 'valid', 'validation'];

/** Images and masks: by name, or in the layout of Pascal VOC, Oxford-IIIT Pet or COCO. */
export const segmentation = annotatedFormat('segmentation', {
  description: 'a folder with images and masks',
  // COCO's files have boxes and outlines: which are meant, a person says.
  layouts: [pets, voc('SegmentationClass'), maskFolders],
  whenAsked: [coco],
});

/** Images and boxes in the layout of COCO, Pascal VOC or YOLO. */
export const detection = annotatedFormat('detection', {
  description: 'a folder with images and boxes (COCO, Pascal VOC, YOLO)',
  layouts: [coco, yolo],
  // A folder of Pascal VOC may have masks too.
  whenAsked: [voc('Annotations')],
});

function annotatedFormat(
  task: 'segmentation' | 'detection',
  {
    description,
    layouts,
    whenAsked,
  }: { readonly description: string; readonly layouts: readonly Layout[]; readonly whenAsked: readonly Layout[] },
) {
  return defineDatasetFormat<SplitReaders>({
    name: task,
    description,
    async find(place, known, asked) {
      if (known !== undefined || (asked !== undefined && asked !== task)) return 'another task';
      if ((await entryKind(place)) !== 'folder') return 'no folder';
      for (const layout of asked === undefined ? layouts : [...layouts, ...whenAsked]) {
        const source = await layout(place);
        if (source !== undefined) return { path: place, source };
      }
      return 'no such files';
    },
    open: (readers, { name, options }) => openAnnotated(readers, name, task, options),
  });
}

async function openAnnotated(
  readers: SplitReaders,
  name: string,
  task: 'segmentation' | 'detection',
  options: OpenOptions,
): Promise<OpenedSplits> {
  const { onBadImage = 'fail', signal } = options;
  const reading: ReadOptions = { onBad: onBadImage === 'skip' ? 'skip' : 'error', ...(signal && { signal }) };
  const { train, test } = await readSplits(readers, name, reading);
  const images = [...train.images, ...(test?.images ?? [])];
  const asked = sizeOf(options.imageSize);
  const common = asked ?? commonSize(images);
  const size = common ?? { height: usualSide, width: usualSide };
  const shape = { ...size, channels: 3 };
  const first = await annotatedDataset(train, { name, split: 'train', shape, task }, options);
  const second = test && (await annotatedDataset(test, { name, split: 'test', shape, task }, options));
  const note = `images have several sizes, so all are brought to ${usualSide}x${usualSide}; --image-size chooses another size`;
  const badImages = [...first.badImages, ...(second?.badImages ?? [])];
  return {
    train: first.dataset,
    ...(second && { test: second.dataset }),
    badImages,
    imageCount: badImages.length + first.dataset.count + (second?.dataset.count ?? 0),
    notes: [...readers.notes, ...(common === undefined ? [note] : [])],
  };
}

/**
 * Reads both splits, with the same classes: one may lack a class of the other.
 *
 * @throws ConvoyError `CONVOY_DATA` where the format says that the splits have different classes.
 */
async function readSplits(
  readers: SplitReaders,
  name: string,
  reading: ReadOptions,
): Promise<{ readonly train: Annotations; readonly test?: Annotations | undefined }> {
  const equal = (a: Annotations, b: Annotations): boolean => a.classes.join('\n') === b.classes.join('\n');
  const [train, test] = [await readers.train(reading), await readers.test?.(reading)];
  if (test === undefined || equal(train, test)) return { train, test };
  const classes = [...new Set([...train.classes, ...test.classes])];
  const again = {
    train: await readers.train({ ...reading, classes }),
    test: await readers.test?.({ ...reading, classes }),
  };
  if (again.test !== undefined && equal(again.train, again.test)) return again;
  const expected = `test images of the classes of the training images, ${train.classes.join(', ')},`;
  throw fileError('CONVOY_DATA', name, '', expected, test.classes.join(', '));
}

/** The size that all images have, where it is one. */
function commonSize(images: readonly PixelSize[]): PixelSize | undefined {
  const [first] = images;
  if (first === undefined || images.some(({ width, height }) => width !== first.width || height !== first.height))
    return undefined;
  return { height: first.height, width: first.width };
}

async function pets(place: string): Promise<SplitReaders | undefined> {
  const trimaps = await firstEntry(place, ['annotations/trimaps'], 'folder');
  if (trimaps === undefined) return undefined;
  return {
    train: (options) => readPets(place, options),
    test: (options) => readPets(place, { ...options, split: 'test' }),
    notes: [],
  };
}

/** Pascal VOC by one kind of its annotations. */
function voc(folder: 'SegmentationClass' | 'Annotations'): Layout {
  const [lists, read] =
    folder === 'Annotations' ? (['Main', readVoc] as const) : (['Segmentation', readVocSegmentation] as const);
  return async (place) => {
    const annotations = await firstEntry(place, [folder], 'folder');
    const images = await firstEntry(place, ['JPEGImages'], 'folder');
    if (annotations === undefined || images === undefined) return undefined;
    const list = (name: string): string => path.join(place, 'ImageSets', lists, `${name}.txt`);
    const there = async (name: string): Promise<boolean> => (await entryKind(list(name))) === 'file';
    if (!(await there('train'))) return { train: (options) => read(place, options), notes: [] };
    const tested = (await there('val')) ? 'val' : (await there('test')) ? 'test' : undefined;
    return {
      train: (options) => read(place, { ...options, split: 'train' }),
      ...(tested && { test: (options) => read(place, { ...options, split: tested }) }),
      notes: [],
    };
  };
}

/** `data.yaml`, or `classes.txt` beside images and labels. */
async function yolo(place: string): Promise<SplitReaders | undefined> {
  const config = await firstEntry(place, ['data.yaml', 'data.yml', 'dataset.yaml'], 'file');
  const texts = await firstEntry(place, ['classes.txt', 'labels/classes.txt'], 'file');
  const labels = await firstEntry(place, ['labels', 'train/labels'], 'folder');
  if (config === undefined && (texts === undefined || labels === undefined)) return undefined;
  const tested = await firstEntry(
    place,
    testNames.flatMap((name) => [`images/${name}`, `${name}/images`]),
    'folder',
  );
  const split = tested && testNames.find((name) => tested.split(path.sep).slice(-2).includes(name));
  return {
    train: (options) => readYolo(place, options),
    ...(split && { test: (options) => readYolo(place, { ...options, split }) }),
    notes: [],
  };
}

async function maskFolders(place: string): Promise<SplitReaders | undefined> {
  const train = await firstEntry(place, ['train', 'training'], 'folder');
  const test = await firstEntry(place, testNames, 'folder');
  if (!(await hasMasks(train ?? place))) return undefined;
  const notes: string[] = [];
  let binary: boolean | undefined;
  const scans = new MaskScans();
  const read = async (folder: string, options: ClassOptions): Promise<Annotations> => {
    if (binary === undefined) {
      binary = await masksAreBinary(train ?? place, options, scans);
      if (binary) notes.push('masks have the values 0 and 255 alone: 0 is the background, 255 the object');
    }
    return readMaskFolders(folder, { ...options, binary }, scans);
  };
  return {
    train: (options) => read(train ?? place, options),
    ...(train !== undefined && test !== undefined && { test: (options) => read(test, options) }),
    notes,
  };
}

async function hasMasks(place: string): Promise<boolean> {
  const images = await firstEntry(place, ['images', 'image', 'imgs', 'img', 'JPEGImages'], 'folder');
  const masks = await firstEntry(
    place,
    ['masks', 'mask', 'labels', 'label', 'annotations', 'SegmentationClass'],
    'folder',
  );
  if (images === undefined || masks === undefined) return false;
  // Labels of detectors are text files.
  return (await readdir(masks, { recursive: true })).some((name) => /\.png$/i.test(name));
}

/** `annotations/instances_NAME.json` beside a folder of images NAME. */
async function coco(place: string): Promise<SplitReaders | undefined> {
  const folder = await firstEntry(place, ['annotations'], 'folder');
  if (folder === undefined) return undefined;
  const names = (await readdir(folder)).flatMap((file) => /^instances_(.+)\.json$/.exec(file)?.[1] ?? []);
  const reader = async (name: string | undefined) => {
    if (name === undefined) return undefined;
    const images = await firstEntry(place, [name, `images/${name}`, 'images'], 'folder');
    return (options: ReadOptions) =>
      readCoco(path.join(folder, `instances_${name}.json`), images ?? path.join(place, name), options);
  };
  const train = await reader(names.find((name) => name.startsWith('train')) ?? names[0]);
  const test = await reader(names.find((name) => name.startsWith('val') || name.startsWith('test')));
  return train && { train, ...(test && { test }), notes: [] };
}
