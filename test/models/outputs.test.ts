import { readFileSync } from 'node:fs';
import test from 'ava';
import { type Tensor, tf } from '../../src/base/tf.js';
import { createModel } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { madeUpImages, setMadeUpWeights } from '../support/made-up-weights.js';

/** What Keras Applications or torchvision give; made by `test/fixtures/networks/generate.py`. */
interface Reference {
  readonly network: string;
  readonly size: number;
  readonly gain: number;
  readonly source: string;
  readonly logits: readonly (readonly number[])[];
  readonly pixels?: number;
  /** Further options of the network. */
  readonly variant?: string;
  readonly hidden?: number;
}

const references: Reference[] = JSON.parse(
  readFileSync(new URL('../../../test/fixtures/networks/logits.json', import.meta.url), 'utf8'),
);

for (const { network, size, gain, source, logits, pixels = 1, ...rest } of references) {
  test.serial(`${network} at ${size}x${size} with weights of ${source} gives its outputs`, async (t) => {
    await loadNative();
    const model = createModel(network, {
      height: size,
      width: size,
      channels: 3,
      classes: 10,
      ...rest,
    });
    setMadeUpWeights(model, gain);
    const before = tf.memory().numTensors;
    const found = tf.tidy(() => {
      const images = tf.tensor4d(madeUpImages(2, size, pixels), [2, size, size, 3]);
      return [...(model.predict(images) as Tensor).dataSync()];
    });
    t.is(tf.memory().numTensors, before, 'no tensor leaks');
    const expected = logits.flat();
    const largest = Math.max(...expected.map(Math.abs));
    const difference = Math.max(...expected.map((value, index) => Math.abs(value - (found[index] ?? Number.NaN))));
    // The references are rounded to seven digits, and sums in another order differ by some 1e-6 a layer.
    t.true(difference < 1e-4 * largest, `differs by ${difference} of ${largest}`);
    model.dispose();
  });
}
