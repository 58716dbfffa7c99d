import test from 'ava';
import { EagerEngine, stats, stepKey } from '../src/engine/index.js';
import { compileModel } from '../src/graph/index.js';
import { slotNames } from '../src/memory/index.js';
import { initialWeights, loadArchitecture, modelParameters, networkNamed } from '../src/models/index.js';
import { loadNative } from '../src/native/index.js';
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
} from './support/engine-run.js';
import { GraphRun } from './support/graph-run.js';
import { noise } from './support/made-up-weights.js';

const count = 8;
const classes = 5;

/** Every family, narrow where it can be; `size` where its smallest input leaves single pixels to normalize. */
const cases: [string, Record<string, unknown>, number?][] = [
  ['shapes-cnn', {}],
  ['mnist-cnn', { widthFactor: 0.25 }],
  ['fashion-mnist-cnn', { widthFactor: 0.25 }],
  ['cifar10-cnn', { widthFactor: 0.25 }],
  ['cifar10-fast', { widthFactor: 0.125 }, 18],
  ['mlp', { hidden: [32, 16], dropout: 0.2 }],
  ['lenet5', {}],
  ['alexnet', { widthFactor: 0.25, hidden: 64 }],
  ['vgg11', { widthFactor: 0.25, hidden: 64 }],
  ['vgg11-bn', { widthFactor: 0.25, hidden: 64 }],
  ['resnet18', { widthFactor: 0.25 }, 32],
  ['resnet50', { widthFactor: 0.25 }, 32],
  ['resnet50', { widthFactor: 0.25, variant: 'torch' }, 32],
  ['cifar-resnet20', {}, 8],
  ['cifar-resnet20', { shortcut: 'projection' }, 8],
  ['googlenet', { widthFactor: 0.25 }, 32],
  ['inception-v3', { widthFactor: 0.25 }],
  ['mobilenet-v1', { widthFactor: 0.25 }, 32],
  ['mobilenet-v2', { widthFactor: 0.25 }, 32],
  ['efficientnet-b0', { widthFactor: 0.5 }, 32],
  ['densenet121', { growth: 8 }, 32],
  ['densenet-bc', { depth: 22, dropout: 0.2 }, 8],
  ['vit-tiny', { depth: 2, features: 48, dropPath: 0.3, dropout: 0.1 }, 8],
  ['vit-tiny', { depth: 1, features: 24, activation: 'relu', pooling: 'mean' }, 8],
];

/** Euclidean length of all gradients. */
function length(gradients: ReadonlyMap<string, Float32Array>): number {
  let squares = 0;
  for (const values of gradients.values()) for (const value of values) squares += value * value;
  return Math.sqrt(squares);
}

/** Distance of two gradients in units of the second one's length. */
function distance(a: ReadonlyMap<string, Float32Array>, b: ReadonlyMap<string, Float32Array>): number {
  const differences = new Map(
    [...b].map(([name, values]) => [name, values.map((value, index) => value - (a.get(name)?.[index] ?? Number.NaN))]),
  );
  return length(differences) / length(b);
}

function moveWeights({ arena, layout }: EngineRun, move: (weight: number, name: string, index: number) => number): void {
  const slot = arena.slot(slotNames.weights);
  for (const { name, trainable, offset, length: size } of layout.parameters) {
    const weights = arena.float32(slot, offset, size);
    if (trainable) for (let index = 0; index < size; index++) weights[index] = move(weights[index] ?? 0, name, index);
  }
}

for (const [name, options, wanted] of cases) {
  const network = networkNamed(name);
  const size = wanted ?? network.smallestInput;
  const title = Object.keys(options).length === 0 ? name : `${name} ${JSON.stringify(options)}`;

  test.serial(`${title}: equal gradients in both engines, and a falling loss`, async (t) => {
    const native = await loadNative();
    const model = network.create({ height: size, width: size, channels: 3, classes, ...options });
    const spec = stepSpec(model);
    const values = initialWeights(model, 1);
    const weights = new Map(modelParameters(model).map((parameter, index) => [parameter.spec.name, values[index] ?? new Float32Array()]));
    const pixels = Uint8Array.from(noise('pixels', count * size * size * 3, 255, 127.5));
    const newRun = (): EngineRun => {
      const run = engineRun(model, spec, { capacity: count });
      setWeights(run, weights);
      setBatch(run, 0, pixels, [0, 1, 2, 3, 4, 0, 1, 2]);
      return run;
    };
    const run = newRun();
    const compiled = compileModel(model, spec);
    const { graph } = await GraphRun.open(native, run, compiled);
    const engine = new GraphRun(native, run, compiled, graph, stepKey(0, 0, 0));
    engine.train(shardTask(count));
    const gradients = readGradients(run);

    // The eager engine builds its model from the file form, as workers do.
    const eagerRun = newRun();
    const eager = new EagerEngine({ native, seed: 0, ...eagerRun }, loadArchitecture(JSON.parse(String(model.toJSON()))));
    eager.gradients(shardTask(count));
    eager.evaluate(shardTask(count));
    eager.dispose();
    const outputs = eagerRun.arena.float32(eagerRun.arena.slot(slotNames.outputs(0)), 0, count * classes);
    const outputDifference = relativeDifference(engine.predict(shardTask(count)), outputs);
    t.true(outputDifference < 1e-5, `outputs differ by ${outputDifference}`);

    // Deep networks of normalizations amplify rounding, and a unit near the kink of a ReLU or near a tie of a pooling may
    // switch: the gradient then jumps. Sums of some hundred float32 terms differ by about 1e-6, so the compiled
    // gradient is taken at the weights and at weights off by that much, some of which lie on the eager engine's side
    // of a kink; the nearest must be as close to it as they usually are to each other.
    const near = [gradients];
    for (const shift of [-1e-6, -5e-7, 5e-7, 1e-6]) {
      setWeights(run, weights);
      moveWeights(run, (weight, _, index) => weight * (1 + (index % 2 === 0 ? shift : -shift)));
      engine.train(shardTask(count));
      near.push(readGradients(run));
    }
    const apart = near.flatMap((one, index) => near.slice(index + 1).map((other) => distance(other, one)));
    const sensitivity = apart.sort((a, b) => a - b)[apart.length >> 1] ?? 0;
    const eagerGradients = readGradients(eagerRun);
    const difference = Math.min(...near.map((gradient) => distance(gradient, eagerGradients)));
    t.true(difference < Math.max(1e-5, 3 * sensitivity), `${difference}; rounding the weights moves it by ${sensitivity}`);

    // Steps that would lower a straight loss by a thirtieth each; the masks of dropout stay the same.
    const losses: number[] = [];
    setWeights(run, weights);
    for (let step = 0; step <= 3; step++) {
      engine.train(shardTask(count));
      const loss = (readStats(run)[stats.lossSum] ?? Number.NaN) / count;
      losses.push(loss);
      const direction = readGradients(run);
      const rate = loss / (30 * length(direction) ** 2);
      moveWeights(run, (weight, parameter, index) => weight - rate * (direction.get(parameter)?.[index] ?? 0));
    }
    t.true(losses.every((loss, step) => step === 0 || loss < (losses[step - 1] ?? Number.NaN)), `losses ${losses.join(', ')}`);
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
  const graph = await GraphRun.open(native, run, compileModel(model, spec));
  const expected = [20, 61, 150]; // 2 * 10, 3 * 20 + 1, 5 * 30
  t.deepEqual([...graph.predict(shardTask(1))], expected);
  const eager = new EagerEngine({ native, seed: 0, ...run }, model);
  eager.evaluate(shardTask(1));
  t.deepEqual([...run.arena.float32(run.arena.slot(slotNames.outputs(0)), 0, 3)], expected);
  eager.dispose();
  graph.graph.dispose();
});
