import test from 'ava';
import type { LossSpec } from '../../src/contracts/index.js';
import { mixPlaces } from '../../src/contracts/index.js';
import { drawMix } from '../../src/engine/index.js';
import { loadNative } from '../../src/native/index.js';
import { compareEngines, worst } from '../support/engines.js';
import { tinyModel } from '../support/tiny.js';

const image = { height: 12, width: 20, channels: 3 };
const draws = (mix: Parameters<typeof drawMix>[0], count: number): number[][] =>
  Array.from({ length: count }, (_, step) => drawMix(mix, image, { seed: 3, step, shard: 0 }));

test.before(async () => {
  await loadNative();
});

for (const alpha of [0.2, 1, 4]) {
  test(`shares of mixup ${alpha} have the mean and variance of Beta(${alpha}, ${alpha})`, (t) => {
    const shares = draws({ mixup: alpha }, 4000).map((drawn) => drawn[mixPlaces.share] as number);
    t.true(shares.every((share) => share >= 0 && share <= 1));
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length;
    // Beta(a, a) has mean 1/2 and variance 1 / (4 (2a + 1)); five standard errors of each, the latter's below 0.5 / n^0.5.
    const expected = 1 / (4 * (2 * alpha + 1));
    t.true(Math.abs(mean - 0.5) < 5 * Math.sqrt(expected / shares.length), `${mean}`);
    t.true(Math.abs(variance - expected) < 5 * expected * Math.sqrt(2 / shares.length), `${variance} of ${expected}`);
  });
}

for (const alpha of [0.02, 0.002, 1e-4, 1e-9]) {
  test(`shares of mixup ${alpha} are where Beta(${alpha}, ${alpha}) has them: at its ends, not in the middle`, (t) => {
    const shares = draws({ mixup: alpha }, 4000).map((drawn) => drawn[mixPlaces.share] as number);
    const variance = shares.reduce((sum, share) => sum + (share - 0.5) ** 2, 0) / shares.length;
    const expected = 1 / (4 * (2 * alpha + 1));
    // (share - 1/2)^2 is at most 1/4 and its mean nearly that: its variance is below expected (1/4 - expected) + rounding.
    const deviation = Math.sqrt((expected * (0.25 - expected)) / shares.length);
    t.true(Math.abs(variance - expected) <= 5 * deviation + 1e-12, `${variance} of ${expected}`);
    const high = shares.filter((share) => share > 0.5).length;
    t.true(Math.abs(high - 2000) < 5 * Math.sqrt(1000), `${high} of 4000 above a half`);
  });
}

test('a box of CutMix lies in the image and its share is what it leaves', (t) => {
  let cut = 0;
  for (const drawn of draws({ cutmix: 1 }, 500)) {
    const at = (name: keyof typeof mixPlaces): number => drawn[mixPlaces[name]] as number;
    t.true(0 <= at('top') && at('top') <= at('bottom') && at('bottom') <= 12);
    t.true(0 <= at('left') && at('left') <= at('right') && at('right') <= 20);
    const area = (at('bottom') - at('top')) * (at('right') - at('left'));
    t.true(Math.abs(at('share') - (1 - area / 240)) < 1e-12);
    t.deepEqual([at('outside'), at('inside')], [1, 0]);
    cut += area / 240;
  }
  t.true(cut / 500 > 0.2, 'boxes are not all empty');
});

test('mixing is a function of seed, step and shard; where both are asked for each has its turn', (t) => {
  t.deepEqual(draws({ mixup: 1, cutmix: 1 }, 5), draws({ mixup: 1, cutmix: 1 }, 5));
  const place = { seed: 1, step: 2, shard: 3 };
  for (const other of [{ seed: 2 }, { step: 3 }, { shard: 4 }]) {
    t.notDeepEqual(drawMix({ mixup: 1 }, image, place), drawMix({ mixup: 1 }, image, { ...place, ...other }));
  }
  const cuts = draws({ mixup: 1, cutmix: 1 }, 400).filter((drawn) => drawn[mixPlaces.inside] === 0).length;
  t.true(cuts > 150 && cuts < 250, `${cuts} of 400`); // five standard deviations around 200
});

const losses: Readonly<Record<string, LossSpec>> = {
  'cross-entropy': { name: 'crossEntropy' },
  'weighted cross-entropy': { name: 'crossEntropy', labelSmoothing: 0.1, classWeights: [0.2, 2, 0] },
};
for (const [title, loss] of Object.entries(losses)) {
  for (const mix of [{ mixup: 1 }, { cutmix: 1 }]) {
    test.serial(`both engines mix alike: ${Object.keys(mix)[0]}, ${title}`, async (t) => {
      const { name, difference } = worst(await compareEngines(tinyModel(), { loss, mix }));
      t.true(difference < 1e-4, `${name}: ${difference}`);
    });
  }
}
