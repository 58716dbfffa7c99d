import test from 'ava';
import { tf } from '../../src/base/tf.js';
import { resolveConfig } from '../../src/config/config.js';
import { stats } from '../../src/contracts/index.js';
import { EagerEngine } from '../../src/engine/index.js';
import { slotNames } from '../../src/memory/index.js';
import { initialWeights, modelParameters } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { stepSpec as specOfConfig } from '../../src/runtime/step-spec.js';
import {
  type EngineRun,
  engineRun,
  readStats,
  setBatch,
  setWeights,
  shardTask,
  stepSpec,
} from '../support/engine-run.js';
import { compileHere, GraphRun } from '../support/graph-run.js';
import { noise } from '../support/made-up-weights.js';
import { tinyDatasets, tinyModel } from '../support/tiny.js';

const count = 6;
const labels = [0, 1, 2, 0, 1, 2];
const side = 8;
const pixels = Uint8Array.from(noise('pixels', count * side * side, 255, 127.5));
/** Every row the other way round, by hand. */
const mirrored = pixels.map((_, i) => pixels[i - (i % side) + side - 1 - (i % side)] ?? 0);

/** Outputs of six images of 8x8x1 in three classes, and their statistics. */
interface Outcome {
  readonly outputs: Float32Array;
  readonly stats: Float32Array;
}

async function evaluated(engine: 'compiled' | 'eager', images: Uint8Array, testTimeFlip?: true): Promise<Outcome> {
  const native = await loadNative();
  const model = tinyModel();
  const spec = stepSpec(model, testTimeFlip === undefined ? {} : { testTimeFlip });
  const run: EngineRun = engineRun(model, spec, { capacity: count });
  const values = initialWeights(model, 1);
  setWeights(
    run,
    new Map(modelParameters(model).map((parameter, i) => [parameter.spec.name, values[i] ?? new Float32Array()])),
  );
  setBatch(run, 0, images, labels);
  if (engine === 'compiled') {
    const graph = await GraphRun.open(native, run, compileHere(native, model, spec));
    const outputs = graph.evaluate(shardTask(count)).slice();
    graph.graph.dispose();
    model.dispose();
    return { outputs, stats: readStats(run) };
  }
  const eager = new EagerEngine({ native, seed: 0, ...run }, model);
  const tensors = tf.memory().numTensors;
  eager.evaluate(shardTask(count));
  if (tf.memory().numTensors !== tensors) throw new Error(`${tf.memory().numTensors - tensors} tensors leak`);
  eager.dispose();
  return {
    outputs: run.arena.float32(run.arena.slot(slotNames.outputs(0)), 0, 3 * count).slice(),
    stats: readStats(run),
  };
}

for (const engine of ['compiled', 'eager'] as const) {
  test.serial(
    `${engine}: outputs are the mean of those of image and mirror image, and so are loss and hits`,
    async (t) => {
      const plain = await evaluated(engine, pixels);
      const mirror = await evaluated(engine, mirrored);
      const both = await evaluated(engine, pixels, true);
      const expected = plain.outputs.map((value, i) => (value + (mirror.outputs[i] ?? Number.NaN)) / 2);
      t.true(
        plain.outputs.some((value, i) => Math.abs(value - (mirror.outputs[i] ?? 0)) > 0.01),
        'the mirror image matters',
      );
      for (const [i, value] of expected.entries()) t.true(Math.abs(value - (both.outputs[i] ?? Number.NaN)) < 1e-5);

      let loss = 0;
      let right = 0;
      for (const [sample, label] of labels.entries()) {
        const row = [...expected.subarray(3 * sample, 3 * sample + 3)];
        loss += Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0)) - (row[label] ?? 0);
        if (row.indexOf(Math.max(...row)) === label) right++;
      }
      t.true(Math.abs((both.stats[stats.lossSum] ?? Number.NaN) - loss) < 1e-4);
      t.is(both.stats[stats.correct], right);
      t.is(both.stats[stats.count], count);
    },
  );
}

test('it is off unless a configuration asks for it', async (t) => {
  await loadNative();
  const { train } = tinyDatasets();
  const model = tinyModel();
  const specOf = (input: object) =>
    specOfConfig({ ...resolveConfig({ where: 'config', input }), precision: 'float32' }, model, train);
  t.is(specOf({}).testTimeFlip, undefined);
  t.is(specOf({ testTimeFlip: false }).testTimeFlip, undefined);
  t.true(specOf({ testTimeFlip: true }).testTimeFlip);
  t.throws(() => resolveConfig({ where: 'config', input: { testTimeFlip: 1 } }), {
    code: 'CONVOY_OPTION',
    message: 'Expected a boolean for config.testTimeFlip but received 1',
  });
  model.dispose();
});
