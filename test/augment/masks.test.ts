import test from 'ava';
import { augmentSchema } from '../../augment/spec/index.js';
import { Renderer } from '../../augment/stage/renderer.js';
import { transforms } from '../../augment/transforms/index.js';
import { RandomStream } from '../../src/base/random.js';
import { type Dataset, ignoredPixel } from '../../src/contracts/index.js';

const shape = { height: 24, width: 20, channels: 3 };
const square = { height: 20, width: 20, channels: 3 };
const count = 40;

/** Blobs of two classes on a ground; red shows where class 1 is, green where class 2 is, blue the ground. */
function blobs({ height, width }: typeof shape): Dataset {
  const stream = new RandomStream(1, 'test');
  const masks = new Uint8Array(new SharedArrayBuffer(count * height * width));
  const pixels = new Uint8Array(new SharedArrayBuffer(count * height * width * 3));
  for (let image = 0; image < count; image++) {
    for (const label of [1, 2, 1]) {
      const [top, left] = [stream.below(height - 4), stream.below(width - 4)];
      const [tall, wide] = [4 + stream.below(9), 4 + stream.below(9)];
      for (let y = top; y < Math.min(height, top + tall); y++)
        for (let x = left; x < Math.min(width, left + wide); x++) masks[(image * height + y) * width + x] = label;
    }
  }
  const channel = [2, 0, 1];
  masks.forEach((label, pixel) => (pixels[3 * pixel + (channel[label] as number)] = 255));
  return {
    name: 'blobs',
    split: 'train',
    count,
    classes: ['ground', 'one', 'two'],
    shape: { height, width, channels: 3 },
    store: { kind: 'pixels', pixels },
    targets: { kind: 'masks', masks },
    fingerprint: '',
  };
}

/** Transforms that change places, as their definitions' steps show; the others must leave masks alone. */
const moving = new Set([
  ...['affine', 'centerCrop', 'crop', 'flip', 'resizedCrop', 'rotate', 'rotate90', 'scale', 'shear', 'translate'],
  'verticalFlip',
]);
/** Colours and places at once: the red of an image no longer says where class 1 is. */
const mixed = new Set(['randAugment', 'trivialAugment']);

for (const transform of transforms) {
  for (const size of transform.name === 'rotate90' ? [square, shape] : [shape]) {
    test(`masks go where their images go: ${transform.name} of ${size.height}x${size.width}`, async (t) => {
      const dataset = blobs(size);
      const { targets } = dataset;
      if (targets.kind !== 'masks') throw new TypeError('masks');
      const border = transform.name === 'crop' ? ['zero', 'edge', 'reflect'] : [undefined];
      for (const option of border) {
        const given = { name: transform.name, ...transform.example, ...(option && { border: option }) };
        const settings = augmentSchema.parse([given]);
        const renderer = new Renderer({ dataset, transforms: settings, seed: 5 });
        const samples = Uint32Array.from({ length: count }, (_, index) => index);
        const pixels = new Uint8Array(dataset.count * size.height * size.width * 3);
        const masks = new Uint8Array(dataset.count * size.height * size.width);
        await renderer.render(0, 0, samples, { pixels, masks });
        if (mixed.has(transform.name)) {
          t.true(masks.every((label) => label <= 2 || label === ignoredPixel));
          continue;
        }
        if (!moving.has(transform.name)) {
          t.deepEqual(Buffer.from(masks), Buffer.from(targets.masks));
          continue;
        }
        t.notDeepEqual(Buffer.from(masks), Buffer.from(targets.masks), 'something moved');
        let sure = 0;
        masks.forEach((label, pixel) => {
          const [red, green, blue] = pixels.subarray(3 * pixel, 3 * pixel + 3);
          // Where interpolation saw one class alone, nearest neighbour sees that class.
          const seen = [blue, red, green].indexOf(255);
          if (seen >= 0) {
            sure += 1;
            if (label !== seen) t.fail(`${option ?? ''} pixel ${pixel}: mask ${label}, image ${seen}`);
          } else if (red === 0 && green === 0 && blue === 0) {
            sure += 1;
            if (label !== ignoredPixel) t.fail(`${option ?? ''} pixel ${pixel} outside: mask ${label}`);
          }
        });
        t.true(sure > 0.6 * masks.length, `${sure} of ${masks.length} pixels are of one class`);
      }
    });
  }
}
