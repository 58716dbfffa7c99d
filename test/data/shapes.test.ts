import test from 'ava';
import { shapeKinds } from '../../src/data/formats/shape-kinds.js';
import { drawShapes } from '../../src/data/formats/shapes.js';

test('a picture is a function of seed, part and its number, whatever else is drawn with it', async (t) => {
  const many = await drawShapes(3, 0, 300);
  const few = await drawShapes(3, 0, 20);
  t.deepEqual(few.pixels, many.pixels.slice(0, few.pixels.length));
  t.notDeepEqual((await drawShapes(4, 0, 20)).pixels, few.pixels);
  t.notDeepEqual((await drawShapes(3, 1, 20)).pixels, few.pixels);
});

test('kinds come in turn, so that any first ten samples hold each once', async (t) => {
  const { labels } = await drawShapes(3, 0, 23);
  t.deepEqual(
    [...labels],
    Array.from({ length: 23 }, (_, index) => index % 10),
  );
  t.is(shapeKinds.length, 10);
});

test('every picture shows a light shape on a dark ground', async (t) => {
  const { pixels, count } = await drawShapes(5, 0, 200);
  for (let image = 0; image < count; image++) {
    const levels = [...pixels.subarray(image * 3072, (image + 1) * 3072)];
    const light = levels.filter((level) => level > 120).length / levels.length;
    // The smallest shape, a crescent of radius 8.5, covers about 0.07 of 32x32; the largest, a circle of 13, 0.41.
    t.true(light > 0.03 && light < 0.5, `image ${image}: ${light}`);
  }
});

/** Test accuracy of softmax regression on pixels, by plain gradient descent over the whole training set. */
function linearAccuracy(train: { x: Float32Array; count: number }, tested: { x: Float32Array; count: number }): number {
  const size = 3072;
  const weights = new Float32Array(size * 10);
  const logits = (x: Float32Array, image: number): number[] => {
    const sums = new Array<number>(10).fill(0);
    for (let k = 0; k < 10; k++) {
      let sum = 0;
      for (let i = 0; i < size; i++) sum += (weights[k * size + i] ?? 0) * (x[image * size + i] ?? 0);
      sums[k] = sum;
    }
    return sums;
  };
  for (let step = 0; step < 30; step++) {
    const gradient = new Float32Array(size * 10);
    for (let image = 0; image < train.count; image++) {
      const scores = logits(train.x, image);
      const exponentials = scores.map((score) => Math.exp(score - Math.max(...scores)));
      const total = exponentials.reduce((sum, value) => sum + value, 0);
      exponentials.forEach((value, k) => {
        const error = value / total - (image % 10 === k ? 1 : 0);
        for (let i = 0; i < size; i++)
          gradient[k * size + i] = (gradient[k * size + i] ?? 0) + error * (train.x[image * size + i] ?? 0);
      });
    }
    for (let i = 0; i < weights.length; i++) weights[i] = (weights[i] ?? 0) - (0.02 * (gradient[i] ?? 0)) / train.count;
  }
  let right = 0;
  for (let image = 0; image < tested.count; image++) {
    const scores = logits(tested.x, image);
    if (scores.indexOf(Math.max(...scores)) === image % 10) right += 1;
  }
  return right / tested.count;
}

test('a linear model learns something of shapes but stays under 60%', async (t) => {
  const centred = async (part: number, count: number) => {
    const { pixels } = await drawShapes(0, part, count);
    return { x: Float32Array.from(pixels, (level) => (level - 80) / 61), count };
  };
  const accuracy = linearAccuracy(await centred(0, 600), await centred(1, 300));
  t.true(accuracy > 0.15 && accuracy < 0.6, String(accuracy));
});
