import test from 'ava';
import { parseAugment } from '../../augment/spec/index.js';
import { windowSizes } from '../../augment/stage/windows.js';
import { deal, drawErasing, drawPart, strata } from '../../augment/transforms/draws.js';
import { planWindow } from '../../augment/transforms/index.js';
import { RandomStream } from '../../src/base/random.js';

const shape = { height: 32, width: 32, channels: 3 };
const key = { seed: 1, epoch: 2, window: 3, count: 4096 };

test('a plan is the same each time it is drawn, and another for another seed, epoch or window', (t) => {
  const spec = parseAugment('flip,crop,rotate,erase,hue,randAugment');
  const plan = planWindow(spec, shape, 8, key);
  t.deepEqual(planWindow(spec, shape, 8, key), plan);
  for (const other of [
    { ...key, seed: 2 },
    { ...key, epoch: 3 },
    { ...key, window: 4 },
  ]) {
    t.notDeepEqual(planWindow(spec, shape, 8, other), plan);
  }
});

test('flips and zero-padded crops that follow each other are one move', (t) => {
  const kinds = (text: string): string[] => planWindow(parseAugment(text), shape, 8, key).map(({ kind }) => kind);
  t.deepEqual(kinds('flip,crop,verticalFlip,translate,rotate'), ['move', 'warp']);
  t.deepEqual(kinds('flip,rotate,crop'), ['move', 'warp', 'move']);
  t.deepEqual(kinds('crop:4:reflect,flip'), ['edit', 'move']);
});

test('strata cover the range evenly: one draw in each', (t) => {
  const values = strata(new RandomStream(1, 'test'), 10, [-5, 5]).sort((a, b) => a - b);
  values.forEach((value, index) => t.true(value >= -5 + index && value < -4 + index));
});

test('samples are dealt to a bank as evenly as they go, and a chance keeps some out', (t) => {
  const counts = new Map<number, number>();
  for (const choice of deal(new RandomStream(1, 'test'), 4098, 8)) counts.set(choice, (counts.get(choice) ?? 0) + 1);
  t.deepEqual([...counts.values()].sort(), [512, 512, 512, 512, 512, 512, 513, 513]);
  const out = deal(new RandomStream(1, 'test'), 10_000, 4, 0.3).filter((choice) => choice < 0).length;
  t.true(Math.abs(out - 7000) < 5 * Math.sqrt(10_000 * 0.3 * 0.7)); // five standard deviations of a binomial
});

test('parts and boxes lie inside, with area and ratio in their ranges', (t) => {
  const stream = new RandomStream(4, 'test');
  for (let turn = 0; turn < 500; turn++) {
    const box = drawPart(stream, 500, 375, [0.08, 1], [3 / 4, 4 / 3]);
    t.true(box.left >= 0 && box.top >= 0 && box.left + box.width <= 500 && box.top + box.height <= 375);
    t.true(box.width * box.height >= 0.075 * 500 * 375);
    t.true(box.width / box.height > 0.74 && box.width / box.height < 1.35);
    const erased = drawErasing(stream, 32, 32, [0.02, 0.33], [0.3, 3.3]);
    t.true(erased === undefined || (erased.left + erased.width <= 32 && erased.top + erased.height <= 32));
  }
  // No part of a 10 to 1 strip has such a ratio and 90% of its area: the central one of the widest ratio is taken.
  t.deepEqual(drawPart(stream, 1000, 100, [0.9, 1], [3 / 4, 4 / 3]), { left: 433, top: 0, width: 133, height: 100 });
});

test('the size of a window depends on images and transforms only, and its memory is bounded', (t) => {
  const store = { kind: 'pixels', pixels: new Uint8Array(new SharedArrayBuffer(0)) } as const;
  const targets = { kind: 'pixels' } as const;
  const rotate = parseAugment('rotate');
  // 2 MiB of plain copies and warps; eight full mosaics of convolutions.
  t.deepEqual(windowSizes({ shape, store, targets }, rotate), { windowSize: 512, bankSize: 8 });
  t.deepEqual(windowSizes({ shape, store, targets }, parseAugment('blur')), { windowSize: 4096, bankSize: 8 });
  for (const side of [1, 8, 28, 32, 64, 96, 224, 512]) {
    for (const spec of [rotate, parseAugment('flip'), []]) {
      const square = { height: side, width: side, channels: 3 };
      const { windowSize } = windowSizes({ shape: square, store, targets }, spec);
      t.true(windowSize * side * side * 3 <= Math.max(2 ** 24, 32 * side * side * 3), `side ${side}`);
    }
  }
});
