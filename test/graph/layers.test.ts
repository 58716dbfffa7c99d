import test from 'ava';
import { initialWeights } from '../../src/models/index.js';
import { compareEngines, worst } from '../support/engines.js';
import { layerCases } from '../support/layer-cases.js';
import { noise } from '../support/made-up-weights.js';
import { bfloat16Distance, namedWeights } from '../support/precision.js';

/**
 * tf.layers has more that cannot be compared: no gradient of dilated convolutions and of thresholdedReLU, and layers
 * that fail by themselves (normalization without scale, Resizing inside a functional model). Their ops have gradient checks
 * of their own.
 */
for (const [title, make] of Object.entries(layerCases)) {
  test.serial(`${title}: both engines agree`, async (t) => {
    const differences = await compareEngines(make());
    const { name, difference } = worst(differences);
    t.true(difference < 1e-5, `${name}: ${difference}`);
  });
}

const count = 64;

for (const [title, make] of Object.entries(layerCases)) {
  test.serial(`${title}: bfloat16 gives the gradient of float32 to a hundredth`, async (t) => {
    const model = make();
    const drawn = initialWeights(model, 1);
    const weights = namedWeights(model, (_name, _shape, index) => drawn[index] as Float32Array);
    const pixels = Uint8Array.from(noise('pixels', count * 8 * 8 * 3, 255, 127.5));
    const apart = await bfloat16Distance(model, weights, pixels, count);
    // Not the same numbers, or bfloat16 was not used at all: a rounding to 8 bits is 2^-9 of a number.
    t.true(apart > 2 ** -12 && apart < 1e-2, `gradients differ by ${apart}`);
  });
}
