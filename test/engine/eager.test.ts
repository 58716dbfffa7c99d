import test from 'ava';
import { tf } from '../../src/base/tf.js';
import { stats } from '../../src/contracts/index.js';
import { EagerEngine } from '../../src/engine/index.js';
import { slotNames } from '../../src/memory/index.js';
import { loadNative } from '../../src/native/index.js';
import {
  engineRun,
  readGradients,
  readMoving,
  readStats,
  relativeDifference,
  setBatch,
  setWeights,
  shardTask,
  stepSpec,
} from '../support/engine-run.js';
import { fashionImages, kerasBatchNormResnet, kerasFashionCnn } from '../support/keras.js';

const images = fashionImages();

for (const open of [kerasFashionCnn, kerasBatchNormResnet]) {
  test.serial(`${open.name}: loss and gradients of the first batch are Keras's`, async (t) => {
    const native = await loadNative();
    const keras = await open();
    const { batch } = keras.expected;
    const run = engineRun(keras.model, stepSpec(keras.model, { loss: keras.loss }), { capacity: batch });
    setWeights(run, keras.initial);
    setBatch(run, 0, images.pixels.subarray(0, batch * 784), images.labels.subarray(0, batch));
    const engine = new EagerEngine({ native, seed: 0, ...run }, keras.model);
    const before = tf.memory().numTensors;
    engine.gradients(shardTask(batch));
    t.is(tf.memory().numTensors, before, 'a step leaks no tensor');
    const line = readStats(run);
    const loss = (line[stats.lossSum] as number) / batch;
    t.true(Math.abs(loss - keras.expected.loss) < 1e-5 * keras.expected.loss, `loss ${loss}`);
    t.is(line[stats.weightSum], batch);
    const gradients = readGradients(run);
    t.deepEqual([...gradients.keys()].sort(), [...keras.gradients.keys()].sort());
    for (const [name, expected] of keras.gradients) {
      const difference = relativeDifference(gradients.get(name) as Float32Array, expected);
      // Per tensor, against its largest element. Shifts before a batch norm have a true gradient of zero.
      t.true(difference < 1e-4, `${name}: ${difference}`);
    }
    engine.dispose();
  });
}

test.serial('evaluation writes outputs and leaves weights and statistics alone', async (t) => {
  const native = await loadNative();
  const keras = await kerasBatchNormResnet();
  const run = engineRun(keras.model, stepSpec(keras.model, { loss: keras.loss }), { capacity: 8 });
  setWeights(run, keras.final);
  setBatch(run, 0, images.pixels.subarray(0, 4 * 784), images.labels.subarray(0, 4));
  const engine = new EagerEngine({ native, seed: 0, ...run }, keras.model);
  engine.evaluate(shardTask(4));
  const outputs = run.arena.float32(run.arena.slot(slotNames.outputs(0)), 0, 40);
  const difference = relativeDifference(
    outputs,
    Float32Array.from(keras.expected.final_inference_output_first_4.flat()),
  );
  t.true(difference < 1e-4, `${difference}`);
  for (const [name, value] of readMoving(run))
    t.true(
      value.every((x) => x === 0),
      `${name} was not written`,
    );
  engine.dispose();
});
