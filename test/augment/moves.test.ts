import test from 'ava';
import { MoveTable } from '../../augment/steps/index.js';
import { quarterTurn } from '../../augment/transforms/rotate90.js';
import { RandomStream } from '../../src/base/random.js';

const shape = { height: 5, width: 7, channels: 3 };
const bytes = 5 * 7 * 3;
const image = Uint8Array.from({ length: bytes }, (_, index) => 1 + index);

type Move = ['horizontal'] | ['vertical'] | ['shift', number, number];

/** The image after each move, one at a time, pixel by pixel: the definition. */
function slowly(moves: readonly Move[], channels = 3): Uint8Array {
  let current = image;
  for (const move of moves) {
    const next = new Uint8Array(bytes);
    for (let y = 0; y < 5; y++) {
      for (let x = 0; x < 7; x++) {
        const [sx, sy] =
          move[0] === 'horizontal' ? [6 - x, y] : move[0] === 'vertical' ? [x, 4 - y] : [x + move[1], y + move[2]];
        if (sx < 0 || sx >= 7 || sy < 0 || sy >= 5) continue;
        for (let c = 0; c < channels; c++) next[(y * 7 + x) * 3 + c] = current[(sy * 7 + sx) * 3 + c] ?? 0;
      }
    }
    current = next;
  }
  return current;
}

/** All moves folded into one, written at a stride, into memory that is zero or not. */
function folded(moves: readonly Move[], stride = 7 * 3, zeroed = false): Uint8Array {
  const table = new MoveTable(2, shape);
  for (const move of moves) {
    if (move[0] === 'horizontal') table.flipHorizontal(1);
    else if (move[0] === 'vertical') table.flipVertical(1);
    else table.shift(1, move[1], move[2]);
  }
  const memory = new Uint8Array(bytes + 5 * stride).fill(zeroed ? 0 : 255);
  memory.set(image);
  table.place(1, memory, 0, bytes, stride, zeroed);
  const output = new Uint8Array(bytes);
  for (let y = 0; y < 5; y++) output.set(memory.subarray(bytes + y * stride, bytes + y * stride + 21), y * 21);
  return output;
}

test('a flip twice is identity, along either axis', (t) => {
  t.deepEqual(folded([['horizontal'], ['horizontal']]), image);
  t.deepEqual(folded([['vertical'], ['vertical']]), image);
  t.deepEqual(folded([]), image);
});

test('a crop of the padded image at the centre is identity', (t) => {
  t.deepEqual(folded([['shift', 0, 0]]), image);
});

test('any chain of flips and shifts folded into one is the chain carried out', (t) => {
  const stream = new RandomStream(1, 'test');
  for (let turn = 0; turn < 300; turn++) {
    const moves = Array.from({ length: stream.below(6) }, (): Move => {
      const kind = stream.below(3);
      if (kind === 0) return ['horizontal'];
      return kind === 1 ? ['vertical'] : ['shift', stream.below(9) - 4, stream.below(9) - 4];
    });
    const expected = slowly(moves);
    t.deepEqual(folded(moves), expected, JSON.stringify(moves));
    t.deepEqual(folded(moves, 40), expected, JSON.stringify(moves));
    t.deepEqual(folded(moves, 33, true), expected, JSON.stringify(moves));
  }
});

test('a shift out of the image leaves nothing of it', (t) => {
  t.deepEqual(folded([['shift', 7, 0]]), new Uint8Array(bytes));
  t.deepEqual(folded([['shift', 100, -100]]), new Uint8Array(bytes));
});

test('a quarter turn is exact, and four are identity', (t) => {
  const square = { height: 3, width: 3, channels: 1 };
  const pixels = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
  const turn = (quarters: number): void =>
    quarterTurn({ pixels, start: 0, shape: square, scratch: new Uint8Array(9) }, [quarters]);
  turn(1);
  t.deepEqual([...pixels], [7, 4, 1, 8, 5, 2, 9, 6, 3]); // clockwise: the left column read upwards is the first row
  turn(2);
  t.deepEqual([...pixels], [3, 6, 9, 2, 5, 8, 1, 4, 7]);
  turn(3);
  turn(1);
  turn(1);
  t.deepEqual([...pixels], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
});
