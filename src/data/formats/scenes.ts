import { ConvoyError } from '../../base/errors.js';
import { type Dataset, type ImageShape, imageBytes } from '../../contracts/index.js';
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

/** Scenes of drawn shapes, with a mask each. */
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
  const { trainCount, testCount, classes, shape } = known;
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

/** Scenes and their masks: class 0 is the ground, the objects' classes follow. */
function sceneDataset(
  facts: Pick<Dataset, 'name' | 'split' | 'classes' | 'count'> & { readonly shape: ImageShape },
  draw: (index: number) => Scene,
  { onProgress, signal }: Pick<OpenOptions, 'onProgress' | 'signal'>,
): Dataset {
  const { name, shape, count } = facts;
  const pixels = allocatePixels(count, shape, name);
  const each = shape.height * shape.width;
  const masks = new Uint8Array(new SharedArrayBuffer(count * each));
  for (let index = 0; index < count; index++) {
    const scene = draw(index);
    pixels.set(scene.pixels, index * imageBytes(shape));
    masks.set(sceneMask(scene), index * each);
    if (index % reportEvery > 0) continue;
    checkAborted(signal, `drawing ${name}`);
    onProgress?.({ what: '', done: index, total: count, unit: 'images' });
  }
  return signDataset({ ...facts, store: { kind: 'pixels', pixels }, targets: { kind: 'masks', masks } });
}
