import test from 'ava';
import { applySteps } from '../../augment/pixels/index.js';
import { parseAugment } from '../../augment/spec/index.js';
import { planWindow } from '../../augment/transforms/index.js';

test('every order of three channels comes up equally often, the same for all pixels of an image', async (t) => {
  const count = 6000;
  const shape = { height: 1, width: 2, channels: 3 };
  const pixels = Uint8Array.of(10, 20, 30, 11, 21, 31);
  const steps = planWindow(parseAugment('channelPermutation'), shape, 8, { seed: 1, epoch: 0, window: 0, count });
  const output = new Uint8Array(count * 6);
  await applySteps(steps, shape, count, { pixels, start: () => 0 }, output);
  const seen = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    const [first, second] = [output.subarray(i * 6, i * 6 + 3), output.subarray(i * 6 + 3, i * 6 + 6)];
    t.deepEqual(
      [...second],
      Array.from(first, (value) => value + 1),
    );
    seen.set(first.join(), (seen.get(first.join()) ?? 0) + 1);
  }
  // torch.randperm: all six orders alike. Five standard deviations of a binomial of 6000 with chance 1/6 are 144.
  t.deepEqual([...seen.keys()].sort(), ['10,20,30', '10,30,20', '20,10,30', '20,30,10', '30,10,20', '30,20,10']);
  for (const times of seen.values()) t.true(Math.abs(times - 1000) < 144, String(times));
});
