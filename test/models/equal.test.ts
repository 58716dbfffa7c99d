import { readFileSync } from 'node:fs';
import test from 'ava';
import { stats } from '../../src/contracts/index.js';
import { EagerEngine, stepKey } from '../../src/engine/index.js';
import { modelParameters } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { distance, worst } from '../support/distance.js';
import {
  engineRun,
  readGradients,
  readMoving,
  readStats,
  setBatch,
  setWeights,
  shardTask,
  stepSpec,
} from '../support/engine-run.js';
import { compileHere, GraphRun } from '../support/graph-run.js';
import { fixtures } from '../support/keras.js';
import { madeUp, noise } from '../support/made-up-weights.js';
import {
  casesWithout,
  classes,
  createCase,
  createDecided,
  createSmooth,
  type NetworkCase,
} from '../support/network-cases.js';

const count = 8;

/** Distances of PyTorch's float32 gradient from its float64 one, made by fixtures/networks/float64.py. */
interface Rounding {
  /** Of the whole gradient, in units of its length. */
  readonly gradient: number;
  /** The largest of any tensor's, in units of its largest element. */
  readonly tensor: number;
}

const rounding = JSON.parse(readFileSync(new URL('networks/float64.json', fixtures), 'utf8')) as Readonly<
  Record<string, Rounding>
>;

for (const network of casesWithout('resnet50 torch')) {
  test.serial(
    `${network.title}, smooth: loss, gradients and moving statistics are the same in both engines`,
    async (t) => {
      const native = await loadNative();
      const model = createSmooth(network);
      const spec = stepSpec(model);
      const weights = new Map(
        modelParameters(model).map(({ spec: { name, shape } }) => [name, madeUp(name, shape, network.gain)]),
      );
      const pixels = Uint8Array.from(noise('pixels', count * network.size ** 2 * 3, 255, 127.5));
      const run = engineRun(model, spec, { capacity: count });
      setWeights(run, weights);
      setBatch(
        run,
        0,
        pixels,
        Array.from({ length: count }, (_, index) => index % classes),
      );
      const compiled = await GraphRun.open(native, run, compileHere(native, model, spec), stepKey(0, 0, 0));
      compiled.train(shardTask(count));
      const [gradients, moving, loss] = [
        readGradients(run),
        readMoving(run),
        readStats(run)[stats.lossSum] ?? Number.NaN,
      ];
      compiled.graph.dispose();
      const eager = new EagerEngine({ native, seed: 0, ...run }, model);
      eager.gradients(shardTask(count));
      eager.dispose();
      const expected = readGradients(run);
      const expectedLoss = readStats(run)[stats.lossSum] ?? Number.NaN;
      t.true(Math.abs(loss / expectedLoss - 1) < 1e-5, `loss ${loss} for ${expectedLoss}`);

      // Each engine is as far from exact arithmetic as another float32 program, give or take a factor of 2.
      const { gradient, tensor } = rounding[network.title] ?? { gradient: 0, tensor: 0 };
      const apart = distance(gradients, expected);
      t.true(apart < Math.max(1e-5, 4 * gradient), `gradients differ by ${apart}`);
      const most = worst(gradients, expected);
      t.true(most.apart < Math.max(1e-5, 4 * tensor), `${most.name}: ${most.apart}`);
      const movingMost = moving.size === 0 ? 0 : worst(moving, readMoving(run)).apart;
      t.true(movingMost < 1e-5, `moving statistics differ by ${movingMost}`);
    },
  );
}

const isNormalized = (network: NetworkCase): boolean =>
  createCase(network).layers.some((layer) => layer.getClassName() === 'BatchNormalization');

for (const network of casesWithout('resnet50 torch', 'inception-v3', 'densenet121').filter(isNormalized)) {
  test.serial(
    `${network.title}, with its kinks but no unit at one: loss and gradient are the same in both engines`,
    async (t) => {
      const native = await loadNative();
      const { model, weights } = createDecided(network);
      const spec = stepSpec(model);
      const pixels = Uint8Array.from(noise('pixels', count * network.size ** 2 * 3, 255, 127.5));
      const run = engineRun(model, spec, { capacity: count });
      setWeights(run, weights);
      setBatch(
        run,
        0,
        pixels,
        Array.from({ length: count }, (_, index) => index % classes),
      );
      const compiled = await GraphRun.open(native, run, compileHere(native, model, spec), stepKey(0, 0, 0));
      compiled.train(shardTask(count));
      const [gradients, loss] = [readGradients(run), readStats(run)[stats.lossSum] ?? Number.NaN];
      compiled.graph.dispose();
      const eager = new EagerEngine({ native, seed: 0, ...run }, model);
      eager.gradients(shardTask(count));
      eager.dispose();
      const expected = readStats(run)[stats.lossSum] ?? Number.NaN;
      t.true(Math.abs(loss / expected - 1) < 1e-5, `loss ${loss} for ${expected}`);
      const apart = distance(gradients, readGradients(run));
      t.true(apart < 1e-5, `gradients differ by ${apart}`);
    },
  );
}
