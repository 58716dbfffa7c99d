import type { LayersModel } from '../../src/base/tf.js';
import type { Precision } from '../../src/contracts/index.js';
import { modelParameters } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { precisionOf } from '../../src/runtime/step-spec.js';
import { distance, type Tensors } from './distance.js';
import { engineRun, readGradients, setBatch, setWeights, shardTask, stepSpec } from './engine-run.js';
import { compileHere, GraphRun } from './graph-run.js';

/** Of random layers: the same in both precisions. */
const seed = [1, 2] as const;

/**
 * Distance of the bfloat16 gradient of a batch from the float32 one, in units of its length. The samples' gradients agree,
 * as in training and not in noise: all ask for one class, the one the network thinks least of. Rounding differs from sample
 * to sample, so that its share is less in a sum of gradients that point one way than in one of gradients that cancel.
 *
 * @param pixels of `count` images.
 */
export async function bfloat16Distance(
  model: LayersModel,
  weights: ReadonlyMap<string, Float32Array>,
  pixels: Uint8Array,
  count: number,
): Promise<number> {
  const native = await loadNative();
  let label: number | undefined;
  const gradients = async (precision: Precision): Promise<Tensors> => {
    const spec = stepSpec(model, precisionOf(precision));
    const run = engineRun(model, spec, { capacity: count });
    setWeights(run, weights);
    setBatch(run, 0, pixels, new Int32Array(count));
    const graph = await GraphRun.open(native, run, compileHere(native, model, spec), seed);
    label ??= leastLikely(graph.predict(shardTask(count)), spec.classes);
    setBatch(run, 0, pixels, new Int32Array(count).fill(label));
    graph.train(shardTask(count));
    graph.graph.dispose();
    return readGradients(run);
  };
  const exact = await gradients('float32');
  return distance(await gradients('bfloat16'), exact);
}

/** A model's weights by name. */
export function namedWeights(
  model: LayersModel,
  valuesOf: (name: string, shape: readonly number[], index: number) => Float32Array,
): Map<string, Float32Array> {
  return new Map(
    modelParameters(model).map(({ spec: { name, shape } }, index) => [name, valuesOf(name, shape, index)]),
  );
}

/** The class with the least sum of logits. */
function leastLikely(outputs: Float32Array, classes: number): number {
  const sums = new Float32Array(classes);
  outputs.forEach((output, index) => (sums[index % classes] = (sums[index % classes] as number) + output));
  return sums.indexOf(Math.min(...sums));
}
