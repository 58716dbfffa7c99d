import test from 'ava';
import { stats } from '../../src/contracts/index.js';
import { EagerEngine, stepKey } from '../../src/engine/index.js';
import { slotNames } from '../../src/memory/index.js';
import { initialWeights, loadArchitecture, modelParameters } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { distance, worst } from '../support/distance.js';
import {
  type EngineRun,
  engineRun,
  readGradients,
  readStats,
  relativeDifference,
  setBatch,
  setWeights,
  shardTask,
  stepSpec,
} from '../support/engine-run.js';
import { compileHere, GraphRun } from '../support/graph-run.js';
import { noise } from '../support/made-up-weights.js';
import { casesWithout, classes, createCase } from '../support/network-cases.js';

const count = 8;

/** Writes the trained weights after `move`. */
function moveWeights(
  { arena, layout }: EngineRun,
  move: (weight: number, name: string, index: number) => number,
): void {
  const slot = arena.slot(slotNames.weights);
  for (const { name, trainable, offset, length } of layout.parameters) {
    const weights = arena.float32(slot, offset, length);
    if (trainable) for (let index = 0; index < length; index++) weights[index] = move(weights[index] ?? 0, name, index);
  }
}

// Other shortcuts of the same network are among the smooth ones.
const chosen = casesWithout('densenet121').filter(({ options }) => !('variant' in options || 'shortcut' in options));
for (const network of chosen) {
  const { title, size } = network;

  test.serial(`${title}: equal outputs in both engines, like gradients, and a falling loss`, async (t) => {
    const native = await loadNative();
    const model = createCase(network);
    const spec = stepSpec(model);
    const values = initialWeights(model, 1);
    const weights = new Map(
      modelParameters(model).map((parameter, index) => [parameter.spec.name, values[index] ?? new Float32Array()]),
    );
    const pixels = Uint8Array.from(noise('pixels', count * size * size * 3, 255, 127.5));
    const newRun = (): EngineRun => {
      const run = engineRun(model, spec, { capacity: count });
      setWeights(run, weights);
      setBatch(run, 0, pixels, [0, 1, 2, 3, 4, 0, 1, 2]);
      return run;
    };
    const run = newRun();
    const compiled = compileHere(native, model, spec);
    const { graph } = await GraphRun.open(native, run, compiled);
    const engine = new GraphRun(native, run, compiled, graph, stepKey(0, 0, 0));
    engine.train(shardTask(count));

    // The eager engine builds its model from the file form, as workers do.
    const eagerRun = newRun();
    const eager = new EagerEngine(
      { native, seed: 0, ...eagerRun },
      loadArchitecture(JSON.parse(String(model.toJSON()))),
    );
    eager.gradients(shardTask(count));
    eager.evaluate(shardTask(count));
    eager.dispose();
    const outputs = eagerRun.arena.float32(eagerRun.arena.slot(slotNames.outputs(0)), 0, count * classes);
    const outputDifference = relativeDifference(engine.predict(shardTask(count)), outputs);
    t.true(outputDifference < 1e-5, `outputs differ by ${outputDifference}`);

    // With normalizations rounding reaches 1e-5 of what a ReLU sees, and of some hundred thousand units one may switch:
    // the gradient then jumps, by 8e-2 at most in these networks (by what switching that one unit does in float64 as
    // well). That gradients are equal is shown by the smooth networks of models-equal.test.ts, to 1e-5.
    const [gradients, expected] = [readGradients(run), readGradients(eagerRun)];
    const normalized = model.layers.some((layer) => layer.getClassName() === 'BatchNormalization');
    const difference = normalized ? distance(gradients, expected) : worst(gradients, expected).apart;
    t.true(difference < (normalized ? 0.1 : 1e-5), `gradients differ by ${difference}`);

    // Steps that would lower a straight loss by a hundredth each; the masks of dropout stay the same.
    const losses = [readStats(run)[stats.lossSum] ?? Number.NaN];
    for (let step = 0; step < 2; step++) {
      const direction = readGradients(run);
      const squares = [...direction.values()].reduce(
        (sum, gradient) => gradient.reduce((total, slope) => total + slope ** 2, sum),
        0,
      );
      const rate = (losses.at(-1) ?? 0) / count / (100 * squares);
      moveWeights(run, (weight, parameter, index) => weight - rate * (direction.get(parameter)?.[index] ?? 0));
      engine.train(shardTask(count));
      losses.push(readStats(run)[stats.lossSum] ?? Number.NaN);
    }
    t.true(
      losses.every((loss, step) => step === 0 || loss < (losses[step - 1] ?? Number.NaN)),
      `losses ${losses.join(', ')}`,
    );
    graph.dispose();
    model.dispose();
  });
}

test.serial("a rescaling by channel, as Keras's EfficientNet has it, is the same in both engines", async (t) => {
  const native = await loadNative();
  const input = { batch_shape: [null, 1, 1, 3], name: 'pixels' };
  const rescaling = { name: 'rescaling', scale: [2, 3, 5], offset: [0, 1, 0] };
  const layers = [
    { class_name: 'InputLayer', config: input },
    { class_name: 'Rescaling', config: rescaling },
    { class_name: 'Flatten', config: { name: 'flatten' } },
  ];
  const model = loadArchitecture({ class_name: 'Sequential', config: { name: 'scales', layers } });
  const spec = stepSpec(model, { preprocess: { scale: [1, 1, 1], offset: [0, 0, 0] } });
  const run = engineRun(model, spec, { capacity: 1 });
  setBatch(run, 0, Uint8Array.of(10, 20, 30), [0]);
  const graph = await GraphRun.open(native, run, compileHere(native, model, spec));
  const expected = [20, 61, 150]; // 2 * 10, 3 * 20 + 1, 5 * 30
  t.deepEqual([...graph.predict(shardTask(1))], expected);
  const eager = new EagerEngine({ native, seed: 0, ...run }, model);
  eager.evaluate(shardTask(1));
  t.deepEqual([...run.arena.float32(run.arena.slot(slotNames.outputs(0)), 0, 3)], expected);
  eager.dispose();
  graph.graph.dispose();
});
