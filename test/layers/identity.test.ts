import test from 'ava';
import { type LayersModel, tf } from '../../src/base/tf.js';
import { Identity } from '../../src/layers/definitions/identity.js';
import { loadNative } from '../../src/native/index.js';
import { compareEngines, worst } from '../support/engines.js';

test.before(async () => {
  await loadNative();
});

const network = (...middle: LayersModel['layers']): LayersModel =>
  tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 3, kernelSize: 3, inputShape: [6, 6, 3] }),
      ...middle,
      tf.layers.flatten(),
      tf.layers.dense({ units: 5 }),
    ],
  });

test('an identity changes nothing, in both engines', async (t) => {
  const layer = new Identity({});
  t.deepEqual(
    tf.tidy(() => (layer.apply(tf.tensor2d([[1, -2]])) as ReturnType<typeof tf.tensor2d>).arraySync()),
    [[1, -2]],
  );
  t.true(worst(await compareEngines(network(layer))).difference < 1e-5);
});
