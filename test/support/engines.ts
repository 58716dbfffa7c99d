import { RandomStream } from '../../src/base/random.js';
import type { LayersModel } from '../../src/base/tf.js';
import { boxLength, boxRow, ignoredPixel, type StepSpec } from '../../src/contracts/index.js';
import { drawMix, EagerEngine, stepKey } from '../../src/engine/index.js';
import { slotNames } from '../../src/memory/index.js';
import { loadNative } from '../../src/native/index.js';
import {
  engineRun,
  readGradients,
  readMoving,
  readStats,
  relativeDifference,
  shardTask,
  stepSpec,
} from './engine-run.js';
import { compileHere, GraphRun } from './graph-run.js';

/**
 * Differences between the engines, each relative to the eager tensor's largest element, but at least to a hundredth of
 * the largest of all: some gradients are zero but for rounding, those of shifts before a batch normalization.
 */
export type Differences = ReadonlyMap<string, number>;

/**
 * One step and one evaluation of a model by both engines on the same drawn weights and batch (which is smaller than the
 * slot): differences of gradients, moving statistics, stats and outputs by name.
 */
export async function compareEngines(
  model: LayersModel,
  options: Partial<StepSpec> = {},
  { batch = 6, seed = 0 }: { batch?: number; seed?: number } = {},
): Promise<Differences> {
  const native = await loadNative();
  const spec = stepSpec(model, options);
  const run = engineRun(model, spec, { capacity: batch + 1 });
  const stream = new RandomStream(seed, 'test');
  const weights = run.arena.float32(run.arena.slot(slotNames.weights));
  for (const { name, offset, length } of run.layout.parameters) {
    // Variances and scales around 1, everything else around 0.
    const center = /variance|gamma/.test(name) ? 1 : 0;
    for (let index = 0; index < length; index++) weights[offset + index] = center + stream.uniform() - 0.5;
  }
  const pixels = run.arena.uint8(run.arena.slot(slotNames.pixels(0)));
  pixels.forEach((_, index) => (pixels[index] = stream.below(256)));
  const targets = run.arena.slot(slotNames.targets(0));
  if (spec.targets === 'classes') {
    const labels = run.arena.int32(targets);
    labels.forEach((_, index) => (labels[index] = stream.below(spec.classes)));
  } else if (spec.targets === 'masks') {
    const masks = run.arena.uint8(targets);
    masks.forEach((_, index) => (masks[index] = stream.below(4) === 0 ? ignoredPixel : stream.below(spec.classes)));
  } else if (spec.targets === 'boxes') {
    drawBoxes(run.arena.float32(targets), spec, stream);
  } else if (spec.targets === 'multi-label') {
    const values = run.arena.float32(targets);
    values.forEach((_, index) => (values[index] = stream.below(2)));
  }
  const task = shardTask(batch - 1, { begin: 1 });
  const take = (outputs: Float32Array): Map<string, Float32Array> =>
    new Map([...readGradients(run), ...readMoving(run), ['stats', readStats(run)], ['outputs', outputs]]);
  const clear = (): void => {
    for (const name of [slotNames.gradients(0), slotNames.stats]) run.arena.float32(run.arena.slot(name)).fill(-1);
  };

  clear();
  const graph = await GraphRun.open(native, run, compileHere(native, model, spec), stepKey(0, 0, 0));
  if (spec.mix !== undefined) graph.mix.set(drawMix(spec.mix, spec.image, { seed: 0, step: 0, shard: 0 }));
  const predicted = spec.targets === 'masks' ? graph.evaluate(task) : graph.predict(task);
  graph.train(task);
  const compiled = take(predicted);
  graph.evaluate(task);
  compiled.set('evaluated stats', readStats(run));
  graph.graph.dispose();

  clear();
  const engine = new EagerEngine({ native, seed: 0, ...run }, model);
  engine.evaluate(task);
  const evaluated = readStats(run);
  const outputs = run.arena.float32(
    run.arena.slot(slotNames.outputs(0)),
    run.layout.outputLength,
    (batch - 1) * run.layout.outputLength,
  );
  engine.gradients(task);
  const eager = take(outputs.slice());
  eager.set('evaluated stats', evaluated);
  engine.dispose();

  const floor = 1e-2 * largest(...readGradients(run).values());
  const differences = new Map<string, number>();
  for (const [name, expected] of eager) {
    const got = compiled.get(name) as Float32Array;
    // Only the written numbers of a stats line.
    const [a, b] = name.includes('stats') ? [got.slice(0, 5), expected.slice(0, 5)] : [got, expected];
    const size = largest(b);
    differences.set(name, (relativeDifference(a, b) * (size || 1)) / Math.max(size, floor));
  }
  return differences;
}

/** Objects of all sizes, a third of the rows empty, some of them to be ignored. */
function drawBoxes(boxes: Float32Array, { classes, image: { height, width } }: StepSpec, stream: RandomStream): void {
  for (let at = 0; at < boxes.length; at += boxLength) {
    const [left, top] = [stream.uniform() * (width - 8), stream.uniform() * (height - 8)];
    const [right, bottom] = [
      left + 6 + stream.uniform() * (width - left - 6),
      top + 6 + stream.uniform() * (height - top - 6),
    ];
    const kind = [boxRow.empty, boxRow.object, boxRow.object, boxRow.object, boxRow.ignored][stream.below(5)] ?? 0;
    if (kind !== boxRow.empty) boxes.set([left, top, right, bottom, stream.below(classes), kind], at);
  }
}

/** The largest absolute value. */
function largest(...tensors: readonly Float32Array[]): number {
  return tensors.reduce((most, tensor) => tensor.reduce((size, value) => Math.max(size, Math.abs(value)), most), 0);
}

/** The greatest of the differences, and where it is. */
export function worst(differences: Differences): { readonly name: string; readonly difference: number } {
  return [...differences]
    .map(([name, difference]) => ({ name, difference }))
    .reduce((most, next) => (next.difference > most.difference ? next : most));
}
