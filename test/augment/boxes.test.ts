import test from 'ava';
import { applyToBoxes } from '../../augment/pixels/boxes.js';
import { augmentSchema } from '../../augment/spec/index.js';
import { createAugmentStage } from '../../augment/stage/index.js';
import { Renderer } from '../../augment/stage/renderer.js';
import type { Step } from '../../augment/steps/index.js';
import { transforms } from '../../augment/transforms/index.js';
import { RandomStream } from '../../src/base/random.js';
import { type BoxTargets, boxLength, type Dataset, leastBoxShare } from '../../src/contracts/index.js';
import { packBoxes } from '../../src/data/boxes-of.js';

type Sides = readonly [number, number, number, number];

const shape = { height: 48, width: 40, channels: 3 };
const square = { height: 40, width: 40, channels: 3 };
const count = 60;

/** One object an image, drawn in white on black. */
function drawn({ height, width }: typeof shape): Dataset & { readonly targets: BoxTargets } {
  const stream = new RandomStream(1, 'test');
  const pixels = new Uint8Array(new SharedArrayBuffer(count * height * width * 3));
  const objects = Array.from({ length: count }, (_, image) => {
    const [wide, tall] = [8 + stream.below(12), 8 + stream.below(12)];
    const [left, top] = [stream.below(width - wide), stream.below(height - tall)];
    for (let y = top; y < top + tall; y++) {
      const row = (image * height + y) * width;
      pixels.fill(255, 3 * (row + left), 3 * (row + left + wide));
    }
    const box: Sides = [left, top, left + wide, top + tall];
    return [{ box, label: image % 3, ignored: false }];
  });
  return {
    name: 'drawn',
    split: 'train',
    count,
    classes: ['a', 'b', 'c'],
    shape: { height, width, channels: 3 },
    store: { kind: 'pixels', pixels },
    targets: packBoxes(objects),
    fingerprint: '',
  };
}

/** The smallest box around what is white, half white counting by half a pixel; undefined where nothing is. */
function seen(pixels: Uint8Array, { height, width }: typeof shape): Sides | undefined {
  const most = (values: number[]): number => Math.max(0, ...values);
  const level = (y: number, x: number): number => (pixels[3 * (y * width + x)] as number) / 255;
  const columns = Array.from({ length: width }, (_, x) => most(Array.from({ length: height }, (_, y) => level(y, x))));
  const rows = Array.from({ length: height }, (_, y) => most(Array.from({ length: width }, (_, x) => level(y, x))));
  const ends = (line: number[]): [number, number] => {
    const first = line.findIndex((value) => value > 0.1);
    const last = line.findLastIndex((value) => value > 0.1);
    return [first + 1 - (line[first] ?? 0), last + (line[last] ?? 0)];
  };
  if (!columns.some((value) => value > 0.1)) return undefined;
  const [[left, right], [top, bottom]] = [ends(columns), ends(rows)];
  return [left, top, right, bottom];
}

/** Transforms that change places; the others must leave boxes alone. */
const moving = new Set([
  ...['affine', 'centerCrop', 'crop', 'flip', 'resizedCrop', 'rotate', 'rotate90', 'scale', 'shear', 'translate'],
  'verticalFlip',
]);
/** Colours and places at once: what is white no longer says where the object is. */
const mixed = new Set(['randAugment', 'trivialAugment']);

for (const transform of transforms) {
  for (const size of transform.name === 'rotate90' ? [square, shape] : [shape]) {
    test(`boxes go where their images go: ${transform.name} of ${size.height}x${size.width}`, async (t) => {
      const dataset = drawn(size);
      let plain = new Float32Array();
      for (const option of transform.name === 'crop' ? ['zero', 'edge', 'reflect'] : [undefined]) {
        const given = { name: transform.name, ...transform.example, ...(option && { border: option, padding: 7 }) };
        const renderer = new Renderer({ dataset, transforms: augmentSchema.parse([given]), seed: 5 });
        const samples = Uint32Array.from({ length: count }, (_, index) => index);
        const each = size.height * size.width * 3;
        const pixels = new Uint8Array(count * each);
        const boxes = new Float32Array(count * boxLength);
        await renderer.render(0, 0, samples, { pixels, boxes });
        if (!moving.has(transform.name)) {
          if (!mixed.has(transform.name)) t.deepEqual(boxes, Float32Array.from(dataset.targets.boxes));
          else t.true(boxes.every((value) => value >= 0 && value <= 48));
          continue;
        }
        t.notDeepEqual(boxes, Float32Array.from(dataset.targets.boxes), 'something moved');
        if (option === 'edge' || option === 'reflect') {
          // Their padding shows parts of objects again, which have no boxes.
          t.deepEqual(boxes, plain);
          continue;
        }
        plain = boxes;
        let compared = 0;
        for (let index = 0; index < count; index++) {
          const [left = 0, top = 0, right = 0, bottom = 0, label, kind] = boxes.subarray(6 * index, 6 * index + 6);
          const found = seen(pixels.subarray(index * each, (index + 1) * each), size);
          if (kind === 0) continue;
          t.is(label, index % 3);
          const touches = left === 0 || top === 0 || right === size.width || bottom === size.height;
          // A hull cut by the image is wider than what is left of the object.
          if (touches && ['affine', 'rotate', 'shear'].includes(transform.name)) continue;
          compared += 1;
          for (const [side, value] of [left, top, right, bottom].entries()) {
            const gap = Math.abs(value - (found?.[side] ?? Number.NaN));
            if (!(gap <= 1))
              t.fail(`${option ?? ''} image ${index} side ${side}: box ${value}, image ${found?.[side]}`);
          }
        }
        t.true(compared > count / 4, `${compared} of ${count} boxes compared`);
      }
    });
  }
}

/** A shift to the right by pixels, as `translate` makes it. */
function shifted(pixels: number): Step {
  return {
    kind: 'warp',
    border: 'zero',
    warps: [{ matrix: [1, 0, 0, 1], shift: [pixels, 0] }],
  };
}

test('an object goes with more than three quarters of its box; a region to ignore with less than a pixel', (t) => {
  const size = { height: 32, width: 32, channels: 3 };
  const moved = (box: Sides, ignored: boolean, ...steps: readonly Step[]): number[] => {
    const { boxes } = packBoxes([[{ box, label: 2, ignored }]]);
    applyToBoxes(steps, size, 1, boxes);
    return [...boxes];
  };
  t.is(leastBoxShare, 0.25);
  // 20 pixels wide from 8 to 28: after 19 pixels 5 are left, a quarter; after 20 fewer.
  t.deepEqual(moved([8, 4, 28, 14], false, shifted(19)), [27, 4, 32, 14, 2, 1]);
  t.deepEqual(moved([8, 4, 28, 14], false, shifted(20)), [0, 0, 0, 0, 0, 0]);
  t.deepEqual(moved([8, 4, 28, 14], true, shifted(23)), [31, 4, 32, 14, 2, 2]);
  t.deepEqual(moved([8, 4, 28, 14], true, shifted(24)), [0, 0, 0, 0, 0, 0]);
  // What one step cuts away no later one brings back; and it counts as lost.
  t.deepEqual(moved([8, 4, 28, 14], false, shifted(10), shifted(-10)), [8, 4, 22, 14, 2, 1]);
  t.deepEqual(moved([8, 4, 28, 14], false, shifted(20), shifted(-20)), [0, 0, 0, 0, 0, 0]);
});

test('rows that are left move up, and a stage hands them to batches of any size', async (t) => {
  const dataset = drawn(square);
  const settings = augmentSchema.parse([{ name: 'crop', padding: 20 }, { name: 'flip' }]);
  const order = Uint32Array.from({ length: count }, (_, index) => (index * 7) % count);
  const run = async (batch: number, workers: number): Promise<Float32Array> => {
    const slot = {
      pixels: new Uint8Array(new SharedArrayBuffer(batch * 40 * 40 * 3)),
      boxes: new Float32Array(new SharedArrayBuffer(batch * boxLength * 4)),
    };
    const stage = await createAugmentStage({
      dataset,
      slots: [slot],
      transforms: settings,
      seed: 1,
      workers,
      batchSize: batch,
    });
    const all = new Float32Array(count * boxLength);
    stage.begin(0, order, 0);
    for (let position = 0; position < count; position += batch) {
      const samples = order.slice(position, position + batch);
      await stage.fill({ epoch: 0, position, samples, slot: 0 });
      all.set(slot.boxes.subarray(0, samples.length * boxLength), position * boxLength);
    }
    await stage.close();
    return all;
  };
  const one = await run(7, 1);
  t.deepEqual(await run(25, 2), one);
  t.true(one.some((value) => value > 0));
});
