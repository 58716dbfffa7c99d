import test from 'ava';
import { type LayersModel, tf } from '../../src/base/tf.js';
import type { ConfigInput } from '../../src/config/config.js';
import { createModel, initialWeights, loadArchitecture, takesRawPixels } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { evaluateSplit } from '../../src/training/evaluation.js';
import { withRuntime } from '../support/in-memory.js';
import { tinyDatasets } from '../support/tiny-data.js';

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

/** A model of Keras 3 whose layers follow each other. */
function kerasModel(entries: readonly (readonly [className: string, config: object, operand?: unknown])[]) {
  const tensor = (from: string) => ({ class_name: '__keras_tensor__', config: { keras_history: [from, 0, 0] } });
  const input = {
    class_name: 'InputLayer',
    name: 'input',
    config: { name: 'input', batch_shape: [null, 8, 8, 3] },
    inbound_nodes: [],
  };
  const layers = entries.map(([className, config, operand], at) => ({
    class_name: className,
    module: operand === undefined ? 'keras.layers' : 'keras.src.ops.numpy',
    name: `l${at}`,
    config: { name: `l${at}`, ...config },
    inbound_nodes: [
      { args: [tensor(at === 0 ? 'input' : `l${at - 1}`), ...(operand === undefined ? [] : [operand])], kwargs: {} },
    ],
  }));
  const last = `l${entries.length - 1}`;
  return loadArchitecture(
    {
      class_name: 'Functional',
      config: { name: 'm', layers: [input, ...layers], input_layers: ['input', 0, 0], output_layers: [last, 0, 0] },
    },
    'memory',
  );
}

test.serial("the preprocessing of Keras's networks takes pixels from 0 to 255, behind augmentation too", (t) => {
  const augmented = [
    ['RandomFlip', { mode: 'horizontal' }],
    ['RandomRotation', { factor: 0.1 }],
  ] as const;
  // keras.applications.imagenet_utils.preprocess_input: modes tf, torch and caffe; a Rescaling; ConvNeXt's first layer.
  const raw = [
    [
      ['TrueDivide', {}, 127.5],
      ['Subtract', {}, 1],
    ],
    [
      ['TrueDivide', {}, 255],
      ['Subtract', {}, [0.485, 0.456, 0.406]],
      ['TrueDivide', {}, [0.229, 0.224, 0.225]],
    ],
    [['Subtract', {}, [103.939, 116.779, 123.68]]],
    [
      ['Subtract', {}, 127.5],
      ['TrueDivide', {}, 127.5],
    ],
    [['Multiply', {}, 1 / 255]],
    [['Rescaling', { scale: 1 / 127.5, offset: -1 }]],
    [['Rescaling', { scale: 1, offset: -127.5 }]],
    [['Normalization', { mean: [123.7, 116.3, 103.5], variance: [3409, 3262, 3291] }]],
  ] as const;
  // The same of numbers from 0 to 1.
  const scaled = [
    [
      ['Subtract', {}, 0.5],
      ['Multiply', {}, 2],
    ],
    [['TrueDivide', {}, 0.5]],
    [['Rescaling', { scale: 2, offset: -1 }]],
    [['Normalization', { mean: [0.485, 0.456, 0.406], variance: [0.05, 0.05, 0.05] }]],
    [['ReLU', {}]],
  ] as const;
  for (const [expected, cases] of [
    [true, raw],
    [false, scaled],
  ] as const) {
    for (const entries of cases) {
      for (const all of [entries, [...augmented, ...entries]]) {
        const own = kerasModel(all);
        t.is(takesRawPixels(own), expected, JSON.stringify(all));
        own.dispose();
      }
    }
  }
});
