import { classesOf, type Dataset } from '../../contracts/index.js';
import { classScores, probabilities } from '../../models/index.js';
import type { Runtime } from '../../runtime/index.js';
import { evaluateSplit } from '../../training/index.js';
import type { SampleReport } from '../types.js';

/** What a network says of every sample of a split. */
export interface Outputs {
  readonly dataset: Dataset;
  readonly loss: number;
  readonly accuracy: number;
  /** [samples, outputs] as the network gives them. */
  readonly raw: Float32Array;
  /** [samples, classes], from 0 to 1. */
  readonly shares: Float32Array;
}

/** What the network gives for each sample of a split, in file order, from all workers. */
export async function rawOutputs(
  runtime: Runtime,
  dataset: Dataset,
): Promise<Pick<Outputs, 'raw' | 'loss' | 'accuracy'>> {
  const { coordinator, arena, layout, evaluationSlots: slots } = runtime;
  const stage = runtime.evaluationStage(dataset);
  const width = layout.outputLength;
  const raw = new Float32Array(dataset.count * width);
  const { loss, accuracy } = await evaluateSplit({
    stage,
    coordinator,
    arena,
    layout,
    slots,
    count: dataset.count,
    onOutputs: (values, { position }) => raw.set(values, position * width),
  }).finally(() => stage.close());
  return { raw, loss, accuracy };
}

/** Runs a split with classes through the network on all workers. */
export async function outputsOf(runtime: Runtime, dataset: Dataset): Promise<Outputs> {
  const { layout, spec } = runtime;
  const width = layout.outputLength;
  const classes = dataset.classes.length;
  const { raw, loss, accuracy } = await rawOutputs(runtime, dataset);
  const { scores, fromLogits } = classScores(raw, { loss: spec.loss, width, classes });
  const shares = new Float32Array(dataset.count * classes);
  for (let sample = 0; sample < dataset.count; sample++) {
    const row = scores.subarray(sample * classes, (sample + 1) * classes);
    shares.set(probabilities(row, fromLogits), sample * classes);
  }
  return { dataset, loss, accuracy, raw, shares };
}

/** Classes that are listed for a sample. */
const listed = 5;

/** The true classes of a sample and the most likely ones. */
export function sampleReport({ dataset, shares }: Outputs, sample: number): SampleReport {
  const classes = dataset.classes.length;
  const own = shares.subarray(sample * classes, (sample + 1) * classes);
  const order = [...own.keys()].sort((a, b) => (own[b] ?? 0) - (own[a] ?? 0)).slice(0, listed);
  return {
    truth: classesOf(dataset, sample),
    likely: order.map((label) => [label, rounded(own[label] ?? 0)]),
  };
}

/** A score with the digits that a page shows; nothing where it is not defined. */
export function finite(value: number | undefined): number | null {
  return value === undefined || !Number.isFinite(value) ? null : rounded(value);
}

/** Digits that a page shows. */
export function rounded(value: number): number {
  return Math.round(value * 1e5) / 1e5;
}
