import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { tf } from '../../src/base/tf.js';
import { resolveConfig } from '../../src/config/config.js';
import { loadNative } from '../../src/native/index.js';
import { findLearningRate, suggestLearningRates } from '../../src/tools/lr-find.js';
import { tinyDatasets } from '../support/tiny-data.js';

test.before(async () => {
  await loadNative();
});

test('the steepest descent and a tenth of the lowest are read off a curve', (t) => {
  // 1 - tanh(x + 3) for x = log10(rate) falls steepest where tanh is steepest, at x = -3; x^2-like growth after x = -1
  // puts the lowest value at x = -1.
  const exponents = Array.from({ length: 61 }, (_, index) => -5 + index / 10);
  const losses = exponents.map((x) => 1 - Math.tanh(x + 3) + (x > -1 ? (x + 1) * 2 : 0));
  const found = suggestLearningRates(
    exponents.map((x) => 10 ** x),
    losses,
  );
  t.true(Math.abs(Math.log10(found?.steepest ?? 1) + 3) < 1e-9);
  t.true(Math.abs(Math.log10(found?.tenthOfLowest ?? 1) + 2) < 1e-9);
});

test('a fall behind the lowest loss does not count, and a loss that only rises suggests nothing', (t) => {
  // Of what is left of the descent after its noisy first half: (4 - 5) / 2 at 2, as steep as (4 - 4.5) at 4.
  t.deepEqual(suggestLearningRates([1, 2, 4, 8, 16, 32], [5, 4.5, 4, 9, 5, 4.9]), { steepest: 2, tenthOfLowest: 0.4 });
  t.is(suggestLearningRates([1, 2, 4], [1, 2, 3]), undefined);
  t.is(suggestLearningRates([], []), undefined);
});

/** Linear, so that no unit dies: too large a rate throws its weights ever further from side to side. */
const linearModel = () =>
  tf.sequential({
    layers: [tf.layers.flatten({ inputShape: [8, 8, 1] }), tf.layers.dense({ name: 'head', units: 3 })],
  });

test.serial('a sweep rises by one factor, ends where the loss diverges and suggests a rate between', async (t) => {
  const config = resolveConfig({
    where: '',
    input: { dataset: 'tiny', batchSize: 16, accumulate: 2, shards: 2, workers: 1 },
  });
  const options = { config, datasets: tinyDatasets(), from: 1e-4, to: 1e6, steps: 40 };
  const search = await findLearningRate({ ...options, model: linearModel() });
  t.is(search.ended, 'because the loss diverged');
  const { learningRates, losses, suggestions } = search;
  t.is(learningRates.length, losses.length);
  t.true(learningRates.length < 40);
  // 1e10 in 39 equal factors.
  learningRates.forEach((rate, step) => t.true(Math.abs(Math.log10(rate) - (-4 + (step * 10) / 39)) < 1e-9));
  t.true(losses.every(Number.isFinite));
  t.true(suggestions !== undefined && suggestions.steepest < (learningRates.at(-1) ?? 0));
  t.is(search.suggested, suggestions?.steepest);
  const again = await findLearningRate({ ...options, model: linearModel() });
  t.deepEqual(again.losses, losses, 'the same bits each time');
});

test('a range that is none is refused', async (t) => {
  const config = resolveConfig({ where: '', input: {} });
  const cases = [
    [{ from: 0 }, /a number above 0 for --from/],
    [{ from: 1, to: 1 }, /a number above 1, where --from starts, for --to/],
    [{ steps: 9 }, /an integer of at least 10 for --steps/],
  ] as const;
  for (const [range, message] of cases) {
    await t.throwsAsync(findLearningRate({ config, ...range }), { instanceOf: ConvoyError, message });
  }
});
