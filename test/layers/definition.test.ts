import test from 'ava';
import { type LayersModel, type Tensor, tf } from '../../src/base/tf.js';
import { shardDependentLayers, unsupportedLayers } from '../../src/graph/index.js';
import { DropPath, defineLayer, layerDefinitions } from '../../src/layers/index.js';
import { single } from '../../src/layers/scope.js';
import { type BatchShape, onlyInput, onlyShape } from '../../src/layers/tfjs-layer.js';
import { loadArchitecture } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { binary } from '../../src/ops/index.js';
import { compareEngines, worst } from '../support/engines.js';

test.before(async () => {
  await loadNative();
});

/** x^2: what a person adds in one file. */
class Squared extends tf.layers.Layer {
  static readonly className = 'Squared';

  override computeOutputShape(inputShape: BatchShape | BatchShape[]): BatchShape {
    return onlyShape(inputShape);
  }

  override call(inputs: Tensor | Tensor[]): Tensor {
    return tf.square(onlyInput(inputs));
  }
}

defineLayer({
  className: Squared.className,
  layer: Squared,
  arguments: {},
  lower: single(({ graph }, x) => binary(graph, 'Mul', x, x)),
});

const { layers } = tf;
const inner = () =>
  tf.sequential({
    layers: [
      layers.dense({ units: 4, inputShape: [12] }),
      layers.batchNormalization({ name: 'norm' }),
      new DropPath({ name: 'path', rate: 0.5 }),
    ],
  });
const around = (...middle: LayersModel['layers']) =>
  tf.sequential({
    layers: [layers.flatten({ inputShape: [2, 2, 3] }), ...middle, layers.dense({ units: 3 })],
  });

test('one definition makes a layer known to files and both engines', async (t) => {
  const model = around(new Squared({ name: 'squared' }));
  const again = loadArchitecture(model.toJSON(undefined, false));
  t.deepEqual(unsupportedLayers(again), []);
  t.true(worst(await compareEngines(again)).difference < 1e-5);
  t.throws(() => defineLayer({ className: 'Squared', arguments: {}, lower: single((_scope, x) => x) }), {
    message: /Squared is defined twice/,
  });
});

test('layers that depend on the shard are found inside models, and not where they are frozen or at rest', (t) => {
  const names = (model: Parameters<typeof shardDependentLayers>[0]) =>
    shardDependentLayers(model).map(({ layer }) => layer);
  t.deepEqual(names(around(inner())), ['norm', 'path']);
  const frozen = inner();
  frozen.trainable = false;
  t.deepEqual(names(around(frozen)), ['path']);
  t.deepEqual(names(around(layers.dense({ units: 2 }))), []);
  const input = tf.input({ shape: [12] });
  const output = inner().apply(input, { training: false }) as typeof input;
  t.deepEqual(names(tf.model({ inputs: input, outputs: output })), []);
});

test('every layer that draws says what of it is drawn, and no class is known by two names', (t) => {
  const names = layerDefinitions().map(({ className }) => className);
  t.deepEqual(names.length, new Set(names).size);
  for (const { className, layer } of layerDefinitions()) {
    if (layer !== undefined) t.is(layer.className, className);
  }
});
