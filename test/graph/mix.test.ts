import test from 'ava';
import { tf } from '../../src/base/tf.js';
import { type LossSpec, stats } from '../../src/contracts/index.js';

import { slotNames } from '../../src/memory/index.js';
import { loadNative } from '../../src/native/index.js';
import { engineRun, readStats, setBatch, shardTask, stepSpec } from '../support/engine-run.js';
import { compileHere, GraphRun } from '../support/graph-run.js';

const pixels = Uint8Array.from({ length: 3 * 4 * 4 }, (_, index) => (index * 53) % 256);
const labels = [0, 1, 1];
const kernel = Array.from({ length: 32 }, (_, index) => Math.sin(index));

/** The model's logits for an image of 16 numbers: dense without bias. */
const logits = (image: readonly number[]): number[] =>
  [0, 1].map((k) => image.reduce((sum, x, place) => sum + x * (kernel[place * 2 + k] as number), 0));

const crossEntropy = (image: readonly number[], label: number): number => {
  const z = logits(image);
  return Math.log(z.reduce((sum, value) => sum + Math.exp(value), 0)) - (z[label] as number);
};

const image = (sample: number): number[] =>
  [...pixels.subarray(sample * 16, sample * 16 + 16)].map((pixel) => pixel / 255);

/**
 * By the definitions, in float64: image i with image 2 - i, own share of each pixel, and own share of the loss. Sums of
 * losses and of weights, and right answers.
 */
function expected(ownShare: (row: number, column: number) => number, share: number, weights = [1, 1]): number[] {
  const samples = labels.map((label, sample) => {
    const partner = image(2 - sample);
    const mixed = image(sample).map((x, place) => {
      const own = ownShare(Math.floor(place / 4), place % 4);
      return own * x + (1 - own) * (partner[place] as number);
    });
    const other = labels[2 - sample] as number;
    const [a, b] = [share * (weights[label] as number), (1 - share) * (weights[other] as number)];
    const [first = 0, second = 0] = logits(mixed);
    const said = first >= second ? 0 : 1;
    const right = (said === label ? share : 0) + (said === other ? 1 - share : 0);
    return [a * crossEntropy(mixed, label) + b * crossEntropy(mixed, other), a + b, right];
  });
  return [0, 1, 2].map((column) => samples.reduce((sum, sample) => sum + (sample[column] as number), 0));
}

const plain: LossSpec = { name: 'crossEntropy' };

const cases: Readonly<Record<string, { mix: number[]; loss?: LossSpec; expected: number[] }>> = {
  'shares of 1 change nothing': { mix: [1, 1, 1, 0, 4, 0, 4, 0], expected: expected(() => 1, 1) },
  mixup: { mix: [0.3, 0.3, 0.3, 0, 0, 0, 0, 0], expected: expected(() => 0.3, 0.3) },
  CutMix: {
    mix: [10 / 16, 1, 0, 1, 4, 2, 4, 0],
    expected: expected((row, column) => (row >= 1 && column >= 2 ? 0 : 1), 10 / 16),
  },
  'mixup with class weights': {
    mix: [0.3, 0.3, 0.3, 0, 0, 0, 0, 0],
    loss: { name: 'crossEntropy', classWeights: [2, 0.5] },
    expected: expected(() => 0.3, 0.3, [2, 0.5]),
  },
};

for (const [title, { mix, loss = plain, expected: sums }] of Object.entries(cases)) {
  test.serial(`${title}: sums of losses, weights and right answers are those of the definition`, async (t) => {
    const native = await loadNative();
    const { layers } = tf;
    const model = tf.sequential({
      layers: [layers.flatten({ inputShape: [4, 4, 1] }), layers.dense({ units: 2, useBias: false })],
    });
    const spec = stepSpec(model, { loss, mix: { mixup: 1 } });
    const run = engineRun(model, spec, { capacity: 3 });
    run.arena.float32(run.arena.slot(slotNames.weights)).set(kernel);
    setBatch(run, 0, pixels, labels);
    const compiled = compileHere(native, model, spec);
    t.false(
      compiled.evaluate.inputs.some(({ role }) => role === 'mix'),
      'evaluation mixes nothing',
    );
    const graph = await GraphRun.open(native, run, compiled);
    graph.mix.set(mix);
    graph.train(shardTask(3));
    graph.graph.dispose();
    const line = readStats(run);
    for (const [index, sum] of sums.entries()) {
      const got = line[[stats.lossSum, stats.weightSum, stats.correct][index] as number] as number;
      t.true(Math.abs(got - sum) < 1e-5 * sum, `${index}: ${got} for ${sum}`);
    }
  });
}
