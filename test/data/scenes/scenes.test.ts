/** Made scenes: boxes and masks are exact, and a scene is a function of its number. */
import test, { type ExecutionContext } from 'ava';
import sharp from 'sharp';
import { shapeKinds, shapeOutlines } from '../../../src/data/formats/shape-kinds.js';
import {
  composeDigits,
  type DigitImages,
  drawShapeScene,
  type Scene,
  sceneMask,
} from '../../../src/data/scenes/index.js';
import { contoursOf, pixelsInside, placeContours } from '../../../src/data/scenes/outline.js';

/** Pixels of an object. */
function pixelsOf({ instances }: Scene, object: number): number[] {
  return [...instances.keys()].filter((pixel) => instances[pixel] === object + 1);
}

/** Boxes by definition. */
function checkBoxes(t: ExecutionContext, scene: Scene): void {
  const { boxes, classes, width } = scene;
  t.is(boxes.length, classes.length * 4);
  classes.forEach((_, object) => {
    const places = pixelsOf(scene, object);
    const [xs, ys] = [places.map((pixel) => pixel % width), places.map((pixel) => Math.floor(pixel / width))];
    const box = [Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1];
    t.deepEqual([...boxes.subarray(object * 4, object * 4 + 4)], box);
  });
}

test('outlines fill the pixels that librsvg fills', async (t) => {
  const side = 128;
  const place = { x: 64.3, y: 63.6, size: 50, stretch: 0.9, turn: 20 };
  for (const [kind, outline] of shapeOutlines.entries()) {
    const move = `translate(${place.x} ${place.y}) rotate(${place.turn}) scale(${place.size} ${place.size * place.stretch})`;
    const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}"><rect width="128" height="128"/><path d="${outline}" fill="#fff" transform="${move}"/></svg>`;
    const drawn = await sharp(Buffer.from(svg)).removeAlpha().extractChannel(0).raw().toBuffer();
    const inside = new Set(pixelsInside(placeContours(contoursOf(outline), place), side, side));
    // Pixels that the outline crosses are grey there; of all others librsvg is sure.
    const wrong = [...drawn.keys()].filter((at) =>
      drawn[at] === 255 ? !inside.has(at) : drawn[at] === 0 ? inside.has(at) : false,
    );
    t.is(wrong.length, 0, shapeKinds[kind] ?? '');
    t.true(inside.size > 2000);
  }
});

test('a scene of shapes is a function of seed, part and number', (t) => {
  t.deepEqual(drawShapeScene(1, 0, 7), drawShapeScene(1, 0, 7));
  const pixels = [drawShapeScene(1, 0, 7), drawShapeScene(2, 0, 7), drawShapeScene(1, 1, 7), drawShapeScene(1, 0, 8)];
  t.is(new Set(pixels.map((scene) => Buffer.from(scene.pixels).toString('latin1'))).size, 4);
});

test('scenes of shapes have all kinds, one to five, some above others; boxes are tight', (t) => {
  const scenes = Array.from({ length: 60 }, (_, index) => drawShapeScene(3, 0, index));
  const counts = new Set(scenes.map(({ classes }) => classes.length));
  t.deepEqual([...counts].sort(), [1, 2, 3, 4, 5]);
  t.is(new Set(scenes.flatMap(({ classes }) => [...classes])).size, 10);
  for (const scene of scenes) checkBoxes(t, scene);
  const meet = ({ boxes }: Scene): boolean =>
    boxes.some(
      (left, at) =>
        at % 4 === 0 &&
        boxes.some(
          (other, to) =>
            to % 4 === 0 &&
            to > at &&
            left < (boxes[to + 2] as number) &&
            other < (boxes[at + 2] as number) &&
            (boxes[at + 1] as number) < (boxes[to + 3] as number) &&
            (boxes[to + 1] as number) < (boxes[at + 3] as number),
        ),
    );
  t.true(scenes.filter(meet).length > 10);
});

test('without noise the mask of a shape is the pixels of its colour', (t) => {
  for (let index = 0; index < 20; index++) {
    const scene = drawShapeScene(4, 0, index, { noise: 0, height: 64, width: 80 });
    const colourAt = (pixel: number): string => scene.pixels.subarray(pixel * 3, pixel * 3 + 3).join();
    scene.classes.forEach((_, object) => {
      const places = pixelsOf(scene, object);
      const colour = colourAt(places[0] as number);
      const same = [...scene.instances.keys()].filter((pixel) => colourAt(pixel) === colour);
      t.deepEqual(places, same);
    });
    const mask = sceneMask(scene);
    scene.instances.forEach((object, pixel) => {
      if (mask[pixel] !== (object === 0 ? 0 : (scene.classes[object - 1] as number) + 1)) t.fail(`pixel ${pixel}`);
    });
  }
});

test('of each shape at least half of its pixels show', (t) => {
  // A scene of one object has the object whole; more objects are drawn after the first from the same stream.
  const whole = drawShapeScene(5, 0, 0, { least: 1, most: 1, noise: 0 });
  const area = pixelsOf(whole, 0).length;
  let covered = 0;
  for (let most = 2; most <= 40; most++) {
    const many = drawShapeScene(5, 0, 0, { least: most, most, noise: 0 });
    const shown = pixelsOf(many, 0).length;
    if (shown < area) covered++;
    t.true(shown >= area / 2);
  }
  t.true(covered > 0);
});

/** Digits that are rectangles of 12x20 of 28x28 pixels, and one of two strokes. */
const digits: DigitImages = {
  side: 28,
  labels: [3, 8],
  pixels: Uint8Array.from({ length: 2 * 28 * 28 }, (_, at) => {
    const [sample, y, x] = [Math.floor(at / 784), Math.floor((at % 784) / 28), at % 28];
    const inside = x >= 8 && x < 20 && y >= 4 && y < 24;
    return inside && (sample === 0 || x < 11 || x >= 17) ? 255 : 0;
  }),
};

test('composed digits keep their class and proportions; boxes are tight around visible pixels', (t) => {
  const classes = new Set<number>();
  let [small, large] = [0, 0];
  for (let index = 0; index < 40; index++) {
    const scene = composeDigits(digits, 1, 0, index);
    checkBoxes(t, scene);
    scene.classes.forEach((label, object) => {
      classes.add(label);
      const [left = 0, top = 0, right = 0, bottom = 0] = scene.boxes.subarray(object * 4, object * 4 + 4);
      const scale = (bottom - top) / 20;
      t.true(Math.abs(right - left - 12 * scale) <= 2.5, `${right - left} and ${bottom - top}`);
      if (scale < 1) small++;
      if (scale > 1.7) large++;
    });
    scene.instances.forEach((object, pixel) => {
      const level = scene.pixels[pixel] as number;
      if (object > 0 !== level >= 64) t.fail(`pixel ${pixel} of scene ${index}: object ${object}, level ${level}`);
    });
  }
  t.deepEqual([...classes].sort(), [3, 8]);
  t.true(small > 5 && large > 5);
  t.deepEqual(composeDigits(digits, 1, 0, 3), composeDigits(digits, 1, 0, 3));
  t.notDeepEqual(composeDigits(digits, 1, 1, 3), composeDigits(digits, 1, 0, 3));
});

test('a digit of its own size is copied to the pixel', (t) => {
  const scene = composeDigits(digits, 2, 0, 0, { least: 1, most: 1, smallest: 1, largest: 1, height: 28, width: 28 });
  const sample = scene.classes[0] === 3 ? 0 : 1;
  t.deepEqual(scene.pixels, digits.pixels.slice(sample * 784, (sample + 1) * 784));
  t.deepEqual([...scene.boxes], [8, 4, 20, 24]);
});
