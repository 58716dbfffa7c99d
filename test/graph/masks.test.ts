import test from 'ava';
import { type StepSpec, statsLength } from '../../src/contracts/index.js';
import { slotNames } from '../../src/memory/index.js';
import { createModel, initialWeights, modelParameters, setWeights } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { readSafetensors } from '../../src/weights/index.js';
import {
  engineRun,
  readGradients,
  readStats,
  relativeDifference,
  setWeights as setRunWeights,
  shardTask,
  stepSpec,
} from '../support/engine-run.js';
import { compareEngines, worst } from '../support/engines.js';
import { compileHere, GraphRun } from '../support/graph-run.js';

const size = { height: 8, width: 12, channels: 3 };

function drawn(name: string, options: Record<string, unknown> & { classes: number }) {
  const model = createModel(name, { ...size, ...options });
  setWeights(model, initialWeights(model, 1));
  return model;
}

const losses: readonly (readonly [string, StepSpec['loss']])[] = [
  ['cross_entropy', { name: 'crossEntropy' }],
  ['weighted', { name: 'crossEntropy', classWeights: [1, 2, 0.5] }],
  ['dice', { name: 'dice' }],
  ['dice_cross_entropy', { name: 'dice', crossEntropy: 1, background: false }],
  ['dice_squared', { name: 'dice', squared: true, smooth: 1 }],
];

test("a U-Net has PyTorch's parameters, outputs, losses and gradients, with ignored pixels", async (t) => {
  const { tensors, metadata } = await readSafetensors('test/fixtures/masks/unet.safetensors');
  const torch = new Map(tensors.map(({ name, data }) => [name, data]));
  const of = (name: string): Float32Array => torch.get(name) ?? t.fail(name) ?? new Float32Array();
  const native = await loadNative();
  const model = createModel('unet', { ...size, classes: 3, filters: 3, depth: 2 });
  const parameters = modelParameters(model).map(({ spec }) => spec);
  const trained = parameters.filter(({ trainable }) => trainable);
  const count = trained.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  t.is(count, Number(metadata['parameters']));
  for (const [name, loss] of losses) {
    const spec = stepSpec(model, { targets: 'masks', loss, image: size });
    const run = engineRun(model, spec, { capacity: 3 });
    setRunWeights(run, new Map(parameters.map((parameter) => [parameter.name, of(`weights/${parameter.name}`)])));
    run.arena.uint8(run.arena.slot(slotNames.pixels(0))).set(of('pixels'));
    run.arena.uint8(run.arena.slot(slotNames.targets(0))).set(of('masks'));
    const graph = await GraphRun.open(native, run, compileHere(native, model, spec), [0, 0]);
    const logits = graph.predict(shardTask(3));
    t.true(relativeDifference(logits, of('logits')) < 1e-5, 'logits');
    graph.train(shardTask(3));
    const [lossSum = 0, weightSum = 0] = readStats(run);
    t.true(Math.abs(lossSum / weightSum / (of(`${name}/loss`)[0] ?? 0) - 1) < 1e-5, name);
    for (const [parameter, gradient] of readGradients(run)) {
      t.true(relativeDifference(gradient, of(`${name}/${parameter}`)) < 2e-5, `${name} ${parameter}`);
    }
    // What evaluation keeps is the class of each pixel, and its share of right ones counts pixels of a class only.
    const kept = graph.evaluate(shardTask(3));
    const masks = of('masks');
    const shares = [0, 1, 2].map((image) => {
      let [right, valid] = [0, 0];
      for (let pixel = image * 96; pixel < (image + 1) * 96; pixel++) {
        const row = of('logits').subarray(pixel * 3, pixel * 3 + 3);
        const best = row.indexOf(Math.max(...row));
        t.is(kept[pixel], best);
        if (masks[pixel] === 255) continue;
        valid += 1;
        if (best === masks[pixel]) right += 1;
      }
      return right / valid;
    });
    t.true(Math.abs((readStats(run)[2] ?? 0) - shares.reduce((a, b) => a + b, 0)) < 1e-5);
    graph.graph.dispose();
  }
  model.dispose();
});

const cases: readonly (readonly [string, Record<string, unknown> & { classes: number }, Partial<StepSpec>])[] = [
  ['dice and cross-entropy', { classes: 4, filters: 4, depth: 1 }, { loss: { name: 'dice', crossEntropy: 0.5 } }],
  ['dice and focal loss', { classes: 2, filters: 4, depth: 2 }, { loss: { name: 'dice', focal: 1 } }],
  [
    'focal loss, bilinear, no norm',
    { classes: 3, filters: 4, depth: 1, batchNorm: false, upsampling: 'bilinear' },
    { loss: { name: 'focal' } },
  ],
  [
    'label smoothing',
    { classes: 3, filters: 4, depth: 1 },
    { loss: { name: 'crossEntropy', labelSmoothing: 0.1, classWeights: [1, 2, 3] } },
  ],
  ['mirror images', { classes: 3, filters: 4, depth: 1 }, { testTimeFlip: true }],
];

for (const [what, options, spec] of cases) {
  test(`masks: both engines agree: ${what}`, async (t) => {
    const model = drawn('unet', options);
    const differences = await compareEngines(model, { targets: 'masks', image: size, ...spec }, { batch: 4 });
    const { name, difference } = worst(differences);
    t.true(difference < 2e-4, `${name}: ${difference}`);
    t.true((differences.get('stats') ?? 1) < 1e-5);
    t.true((differences.get('evaluated stats') ?? 1) < 1e-5);
  });
}

for (const loss of ['meanSquaredError', 'binaryCrossEntropy', 'meanAbsoluteError'] as const) {
  test(`reconstruction: both engines agree on ${loss} between output and image`, async (t) => {
    const model = drawn('autoencoder', { classes: 1, filters: 4, code: 6 });
    const spec: StepSpec['loss'] = loss === 'binaryCrossEntropy' ? { name: loss, fromLogits: false } : { name: loss };
    const differences = await compareEngines(model, { targets: 'pixels', image: size, loss: spec }, { batch: 4 });
    const { name, difference } = worst(differences);
    t.true(difference < 2e-4, `${name}: ${difference}`);
  });
}

test('a shard without any pixel of a class has loss 0 and gradients 0', async (t) => {
  const native = await loadNative();
  for (const loss of [{ name: 'crossEntropy' }, { name: 'dice', crossEntropy: 1 }] as const) {
    const model = drawn('unet', { classes: 3, filters: 4, depth: 1 });
    const spec = stepSpec(model, { targets: 'masks', image: size, loss });
    const run = engineRun(model, spec, { capacity: 2 });
    run.arena.float32(run.arena.slot(slotNames.weights)).fill(0.1);
    run.arena.uint8(run.arena.slot(slotNames.targets(0))).fill(255);
    const graph = await GraphRun.open(native, run, compileHere(native, model, spec), [0, 0]);
    graph.train(shardTask(2));
    const stats = readStats(run);
    t.is(stats.length, statsLength);
    t.deepEqual([...stats.slice(0, 4)], [0, 0, 0, 2]);
    for (const [name, gradient] of readGradients(run))
      t.true(
        gradient.every((value) => value === 0),
        name,
      );
    graph.graph.dispose();
    model.dispose();
  }
});
