import test from 'ava';
import { outlineBoxes } from '../../src/boxes/index.js';

test('lines lie inside of the box, and boxes are cut to the image', (t) => {
  const pixels = new Uint8Array(5 * 6).fill(7);
  const drawn = outlineBoxes(pixels, { height: 5, width: 6, channels: 1 }, [
    { box: [1, 1, 4, 4], colour: [255, 0, 1] },
    { box: [4.6, 3.4, 9, 9], colour: [0, 255, 2] },
  ]);
  t.is(drawn.length, 5 * 6 * 3);
  const picture = Array.from({ length: 5 }, (_, y) =>
    Array.from({ length: 6 }, (_, x) => {
      const [red, green, blue] = drawn.subarray((y * 6 + x) * 3, (y * 6 + x) * 3 + 3);
      return red === 255 && blue === 1
        ? 'r'
        : green === 255 && blue === 2
          ? 'g'
          : red === 7 && green === 7 && blue === 7
            ? '.'
            : '?';
    }).join(''),
  );
  t.deepEqual(picture, ['......', '.rrr..', '.r.r..', '.rrr.g', '.....g']);
});
