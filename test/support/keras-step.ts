import type { LayersModel } from '../../src/base/tf.js';
import { EagerEngine } from '../../src/engine/index.js';
import { slotNames } from '../../src/memory/index.js';
import { modelParameters } from '../../src/models/index.js';
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
} from './engine-run.js';
import { compileHere, GraphRun } from './graph-run.js';

/** What Keras computed of a model: see test/fixtures/keras/*.py. */
export interface KerasStep {
  /** [images, height, width, channels]. */
  readonly shape: readonly number[];
  /** Bytes, which the model takes scaled from `low` to `high`. */
  readonly pixels: readonly number[];
  readonly low: number;
  readonly high: number;
  readonly output: readonly number[];
  readonly labels?: readonly number[];
  readonly loss?: number;
  /** By Keras's path of the weight. */
  readonly gradients?: Readonly<Record<string, readonly number[]>>;
  /** Moving statistics after the step, by Keras's path. */
  readonly moving?: Readonly<Record<string, readonly number[]>>;
}

/** What one engine made of it. */
export interface OwnStep {
  readonly output: Float32Array;
  readonly loss: number;
  readonly gradients: ReadonlyMap<string, Float32Array>;
  readonly moving: ReadonlyMap<string, Float32Array>;
}

/** One inference and one training step of a model, whose weights are in the order of `modelParameters`, on Keras's batch. */
export async function runStep(
  model: LayersModel,
  weights: readonly Float32Array[],
  { shape, pixels, low, high, labels = [] }: KerasStep,
  engine: 'compiled' | 'eager',
): Promise<OwnStep> {
  const native = await loadNative();
  const [count = 1, , , channels = 3] = shape;
  const fill = (value: number): number[] => new Array<number>(channels).fill(value);
  const spec = stepSpec(model, { preprocess: { scale: fill((high - low) / 255), offset: fill(low) } });
  const run = engineRun(model, spec, { capacity: count });
  setWeights(
    run,
    new Map(modelParameters(model).map(({ spec: { name } }, index) => [name, weights[index] as Float32Array])),
  );
  setBatch(run, 0, Uint8Array.from(pixels), labels);
  const task = shardTask(count);
  const finish = (output: Float32Array): OwnStep => {
    const [lossSum = Number.NaN, weightSum = 1] = readStats(run);
    return { output, loss: lossSum / weightSum, gradients: readGradients(run), moving: readMoving(run) };
  };
  if (engine === 'compiled') {
    const graph = await GraphRun.open(native, run, compileHere(native, model, spec));
    const output = graph.predict(task);
    graph.train(task);
    graph.graph.dispose();
    return finish(output);
  }
  const eager = new EagerEngine({ native, seed: 0, ...run }, model);
  eager.evaluate(task);
  const slot = run.arena.slot(slotNames.outputs(0));
  const output = run.arena.float32(slot, 0, run.layout.outputLength * count).slice();
  eager.gradients(task);
  const result = finish(output);
  eager.dispose();
  return result;
}

/** Our parameter's name for Keras's path of a weight: it ends alike; depthwise kernels are kernels there, `LayerScale`'s gamma has no name. */
export function ownName(names: Iterable<string>, path: string): string | undefined {
  const plain = (name: string): string =>
    name
      .replace('depthwise_kernel', 'kernel')
      .replace(/\/variable(_\d+)?$/, '/gamma')
      .replaceAll(/[^A-Za-z0-9_.-]+/g, '_');
  const wanted = plain(path);
  const all = [...names];
  return (
    all.find((name) => plain(name) === wanted) ??
    all.find((name) => plain(name).endsWith(`_${wanted}`) || wanted.endsWith(`_${plain(name)}`))
  );
}

/** Largest differences from Keras, in units of the largest element: of outputs, loss, gradients and moving statistics. */
export function differences(own: OwnStep, keras: KerasStep): Map<string, number> {
  const found = new Map([['output', relativeDifference(own.output, Float32Array.from(keras.output))]]);
  if (keras.loss !== undefined) found.set('loss', Math.abs(own.loss - keras.loss) / Math.abs(keras.loss));
  const all = Object.values(keras.gradients ?? {}).flat();
  const largest = all.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  for (const [kind, expected, actual] of [
    ['gradient', keras.gradients, own.gradients],
    ['moving', keras.moving, own.moving],
  ] as const) {
    for (const [path, values] of Object.entries(expected ?? {})) {
      const mine = actual.get(ownName(actual.keys(), path) ?? '');
      const size = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const floor = kind === 'gradient' ? Math.max(size, 1e-2 * largest) / (size || 1) : 1;
      const apart = mine === undefined ? Number.POSITIVE_INFINITY : relativeDifference(mine, Float32Array.from(values));
      found.set(`${kind} ${path}`, size === 0 ? apart / (largest || 1) : apart / floor);
    }
  }
  return found;
}
