import { ConvoyError } from '../../base/errors.js';
import { type BoxObject, type Dataset, type ImageShape, imageBytes } from '../../contracts/index.js';
import { packBoxes } from '../boxes-of.js';
import { checkAborted, type OpenOptions } from '../options.js';
import { composeDigits, type DigitImages, drawShapeScene, type Scene, sceneMask } from '../scenes/index.js';
import type { OpenedSplits } from '../splits.js';
import { allocatePixels, signDataset } from '../stores.js';
import { defineDatasetFormat, type OpenRequest } from './define.js';

/** Fixed, so that scenes are one dataset and runs with different seeds compare. */
const datasetSeed = 0;
/** Scenes between two reports. */
const reportEvery = 256;

/** Draws scene `index` of a split; parts keep splits apart. */
type DrawScene = (part: number, index: number) => Scene;

/** Scenes of drawn shapes, with a mask each, or with boxes for detection. */
export const shapeScenes = defineDatasetFormat<undefined>({
  name: 'shapes-scenes',
  description: 'scenes drawn on the spot',
  needsFiles: false,
  find: async (place) => ({ path: place, source: undefined }),
  open: async (_source, request) =>
    openScenes(request, (part, index) => {
      const { height, width } = request.known?.shape ?? {};
      return drawShapeScene(datasetSeed, part, index, { ...(height && { height }), ...(width && { width }) });
    }),
});

/** Scenes composed of MNIST's digits: those for training of its training digits, those for the test of its test digits. */
export const digitScenes = defineDatasetFormat<undefined>({
  name: 'digits-scenes',
  description: "scenes composed of MNIST's digits",
  needsFiles: false,
  find: async (place) => ({ path: place, source: undefined }),
  async open(_source, request) {
    const { train, test = train } = await request.openNamed('mnist');
    const digits = [digitsOf(train), digitsOf(test)] as const;
    return openScenes(request, (part, index) => composeDigits(digits[part] as DigitImages, datasetSeed, part, index));
  },
});

function digitsOf({ store, targets, shape }: Dataset): DigitImages {
  if (store.kind !== 'pixels' || targets.kind !== 'classes') throw new TypeError('MNIST has pixels and classes');
  return { pixels: store.pixels, labels: targets.labels, side: shape.width };
}

function openScenes({ name, known, options }: OpenRequest, draw: DrawScene): OpenedSplits {
  if (known === undefined) throw new ConvoyError('CONVOY_DATA', `Expected a dataset of the catalog but found ${name}`);
  const { trainCount, testCount, shape } = known;
  // The ground is no object.
  const classes = options.task === 'detection' ? known.classes.slice(1) : known.classes;
  const total = trainCount + testCount;
  const split = (part: number, count: number, before: number): Dataset =>
    sceneDataset({ name, split: part === 0 ? 'train' : 'test', classes, shape, count }, (index) => draw(part, index), {
      ...options,
      onProgress: ({ done }) =>
        options.onProgress?.({ what: `drawing ${name}`, done: before + done, total, unit: 'images' }),
    });
  const train = split(0, Math.min(trainCount, options.limit ?? trainCount), 0);
  const test = split(1, Math.min(testCount, options.testLimit ?? testCount), trainCount);
  return { train, test, badImages: [], imageCount: train.count + test.count, notes: [] };
}

/** Scenes and their masks: class 0 is the ground, the objects' classes follow. For detection boxes of the objects alone. */
function sceneDataset(
  facts: Pick<Dataset, 'name' | 'split' | 'classes' | 'count'> & { readonly shape: ImageShape },
  draw: (index: number) => Scene,
  { onProgress, signal, task }: Pick<OpenOptions, 'onProgress' | 'signal' | 'task'>,
): Dataset {
  const { name, shape, count } = facts;
  const pixels = allocatePixels(count, shape, name);
  const each = shape.height * shape.width;
  const boxes = task === 'detection';
  const masks = new Uint8Array(new SharedArrayBuffer(boxes ? 0 : count * each));
  const objects: BoxObject[][] = [];
  for (let index = 0; index < count; index++) {
    const scene = draw(index);
    pixels.set(scene.pixels, index * imageBytes(shape));
    if (boxes) objects.push(sceneObjects(scene));
    else masks.set(sceneMask(scene), index * each);
    if (index % reportEvery > 0) continue;
    checkAborted(signal, `drawing ${name}`);
    onProgress?.({ what: '', done: index, total: count, unit: 'images' });
  }
  const targets = boxes ? packBoxes(objects) : ({ kind: 'masks', masks } as const);
  return signDataset({ ...facts, store: { kind: 'pixels', pixels }, targets });
}

function sceneObjects({ classes, boxes }: Scene): BoxObject[] {
  return Array.from(classes, (label, object) => {
    const [left = 0, top = 0, right = 0, bottom = 0] = boxes.subarray(4 * object, 4 * object + 4);
    return { box: [left, top, right, bottom], label, ignored: false };
  });
}
