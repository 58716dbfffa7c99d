import { readFile } from 'node:fs/promises';
import test from 'ava';
import { type Tensor, tf } from '../../src/base/tf.js';
import { sampleLosses } from '../../src/losses/index.js';
import { judgement } from '../../src/models/outputs.js';
import { loadNative } from '../../src/native/index.js';

/** Made by `test/fixtures/squared-hinge.py`. */
const cases = JSON.parse(await readFile('test/fixtures/squared-hinge.json', 'utf8')) as readonly {
  readonly title: string;
  readonly outputs: number[][];
  readonly targets: number[][];
  readonly loss: number;
  readonly gradient: number[][];
}[];

await loadNative();

for (const { title, outputs, targets, loss, gradient } of cases) {
  test(`the value and gradient of Keras: ${title}`, (t) => {
    const of = (z: Tensor) => sampleLosses({ name: 'squaredHinge' }, z, tf.tensor2d(targets), 3).losses.mean();
    const { value, grad } = tf.valueAndGrad(of)(tf.tensor2d(outputs));
    t.true(Math.abs((value.dataSync()[0] ?? NaN) - loss) < 1e-5 * loss);
    const slopes = grad.dataSync();
    for (const [index, slope] of gradient.flat().entries()) {
      t.true(Math.abs((slopes[index] ?? NaN) - slope) < 1e-5 * Math.max(1, Math.abs(slope)), `${index}`);
    }
  });
}

test('scores of several labels are judged by their sign, those of one class by the greatest', (t) => {
  t.deepEqual(judgement({ loss: { name: 'squaredHinge' }, targets: 'multi-label' }, 3), {
    by: 'threshold',
    threshold: 0,
  });
  t.deepEqual(judgement({ loss: { name: 'squaredHinge' }, targets: 'classes' }, 3), { by: 'greatest' });
});
