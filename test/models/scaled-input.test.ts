import test from 'ava';
import { type LayersModel, tf } from '../../src/base/tf.js';
import type { ConfigInput } from '../../src/config/config.js';
import { createModel, initialWeights, takesRawPixels } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { evaluateSplit } from '../../src/training/evaluation.js';
import { withRuntime } from '../support/in-memory.js';
import { tinyDatasets } from '../support/tiny.js';

test.before(async () => {
  await loadNative(); // models are made on its backend
});

const shape = [8, 8, 1] as const;

/** A convolution and the logits, behind a rescaling if there is one. */
function model(rescaling?: { readonly scale: number; readonly offset: number }): LayersModel {
  const { layers } = tf;
  const first = rescaling === undefined ? [] : [layers.rescaling({ ...rescaling, inputShape: [...shape] })];
  return tf.sequential({
    layers: [
      ...first,
      layers.conv2d({ name: 'conv', filters: 3, kernelSize: 3, activation: 'relu', inputShape: [...shape] }),
      layers.flatten({ name: 'flat' }),
      layers.dense({ name: 'head', units: 3 }),
    ],
  });
}

const datasets = tinyDatasets();

/** Loss on the test images, and what is done to pixels. */
async function evaluated(
  own: LayersModel,
  more: ConfigInput = {},
): Promise<{ loss: number; scale: readonly number[]; offset: readonly number[]; normalize: unknown }> {
  const config: ConfigInput = { dataset: 'tiny', model: { name: 'own' }, workers: 1, shards: 1, ...more };
  return withRuntime(
    config,
    { datasets, model: own, weights: initialWeights(own, 5) },
    async ({ coordinator, arena, layout, evaluationSlots: slots, evaluationStage, spec, config: settled }) => {
      const stage = evaluationStage(datasets.test);
      const { loss } = await evaluateSplit({ stage, coordinator, arena, layout, slots, count: datasets.test.count });
      await stage.close();
      return { loss, ...spec.preprocess, normalize: settled.normalize };
    },
  );
}

test.serial(
  'a model that rescales pixels is given them as they are, and gives what it gives without on scaled ones',
  async (t) => {
    const [plain, scaling] = [await evaluated(model()), await evaluated(model({ scale: 1 / 255, offset: 0 }))];
    t.deepEqual([plain.normalize, plain.scale], ['unit', [1 / 255]]);
    t.deepEqual(scaling.normalize, { mean: [0], std: [1 / 255] }, 'and so it is recorded');
    t.is(scaling.scale[0], 1);
    t.is(Math.abs(scaling.offset[0] ?? 1), 0);
    t.true(Math.abs(scaling.loss - plain.loss) < 1e-5 * plain.loss, `${scaling.loss} and ${plain.loss}`);
  },
);

test.serial('what a configuration says is done', async (t) => {
  t.deepEqual((await evaluated(model({ scale: 1 / 255, offset: 0 }), { normalize: 'unit' })).scale, [1 / 255]);
});

test('only a rescaling of bytes that comes first is one', (t) => {
  const { layers } = tf;
  const padded = tf.sequential({
    layers: [
      layers.zeroPadding2d({ padding: 1, inputShape: [...shape] }),
      layers.rescaling({ scale: 1 / 127.5, offset: -1 }),
    ],
  });
  const nested = tf.sequential({ layers: [model({ scale: 1 / 255, offset: 0 }), layers.dense({ units: 2 })] });
  const late = tf.sequential({
    layers: [
      layers.conv2d({ filters: 2, kernelSize: 1, inputShape: [...shape] }),
      layers.rescaling({ scale: 1 / 255, offset: 0 }),
    ],
  });
  t.deepEqual([padded, nested, late, model({ scale: 2, offset: -1 }), model()].map(takesRawPixels), [
    true,
    true,
    false,
    false,
    false,
  ]);
  const small = { height: 32, width: 32, channels: 3, classes: 10, widthFactor: 0.25 };
  t.true(takesRawPixels(createModel('efficientnet-b0', small)));
  t.false(takesRawPixels(createModel('efficientnet-b0', { ...small, rescaling: false })));
  t.false(takesRawPixels(createModel('resnet18', small)));
});
