import type { RunConfig } from '../config/index.js';
import { EpochFeeds } from '../coordinator/index.js';
import { slotNames } from '../memory/index.js';
import { openRuntime, type Runtime, type RuntimeInternals, type RuntimeOptions } from '../runtime/index.js';
import { trainingSteps } from '../training/index.js';

/** The gradient of each trainable parameter, by name. */
export type Gradient = ReadonlyMap<string, Float32Array>;

/**
 * The reduced gradient of the first batch of an epoch, at the initial weights.
 *
 * @param look is shown the runtime while it is open.
 */
export async function batchGradient<Seen>(
  options: RuntimeOptions,
  look: (runtime: Runtime) => Seen,
  internals?: RuntimeInternals,
): Promise<{ readonly gradient: Gradient; readonly seen: Seen }> {
  // Of two batches to be averaged the first leaves its gradient where it can be read.
  const config: RunConfig = { ...options.config, accumulate: 2 };
  const runtime = await openRuntime({ ...options, config }, internals);
  try {
    const cursor = { epoch: 0, position: 0, batch: 0, step: 0 };
    const rates = { learningRate: () => 0 };
    for await (const _ of trainingSteps({ runtime, feeds: new EpochFeeds(runtime), cursor, rates })) break;
    const { arena, layout } = runtime;
    const reduced = arena.slot(slotNames.reduced);
    const gradient = layout.parameters
      .filter(({ trainable }) => trainable)
      .map(({ name, offset, length }) => [name, arena.float32(reduced, offset, length).slice()] as const);
    return { gradient: new Map(gradient), seen: look(runtime) };
  } finally {
    await runtime.close();
  }
}

/** Share of the largest parameter gradient below which another is held to be rounding alone. */
const resolvable = 1e-2;

/** Share of its layer's largest below which a gradient is held to be rounding alone. */
const resolvableInLayer = 1e-3;

/** The largest distance, and the parameter that has it. */
export interface GradientDistance {
  readonly apart: number;
  readonly parameter: string;
  /** The largest difference from 1 of a factor by which a parameter's gradient is that of the reference, least squares. */
  readonly gain: number;
}

/**
 * How far two gradients are apart: the largest distance of a parameter's gradient over its length, by root mean squares.
 * Gradients that are zero but for rounding, as those of shifts before a normalization, are measured by the largest of their
 * layer, or of all.
 */
export function gradientDistance(actual: Gradient, expected: Gradient): GradientDistance {
  const sizes = new Map([...expected].map(([name, values]) => [name, rootMeanSquare(values)]));
  const largest = new Map<string, number>();
  for (const [name, size] of sizes) largest.set(layerOf(name), Math.max(size, largest.get(layerOf(name)) ?? 0));
  const floor = resolvable * Math.max(...sizes.values());
  let worst = { apart: 0, parameter: '' };
  let gain = 0;
  for (const [name, values] of expected) {
    const other = actual.get(name);
    const difference = values.map((value, index) => (other?.[index] ?? Number.NaN) - value);
    const [size = 0, layer = 0] = [sizes.get(name), largest.get(layerOf(name))];
    const unit = size < resolvableInLayer * layer ? layer : size;
    const apart = rootMeanSquare(difference) / Math.max(floor, unit);
    if (!(apart <= worst.apart)) worst = { apart, parameter: name };
    // The factor less 1 is <difference, expected> / <expected, expected>; of what is rounding alone it says nothing.
    if (unit < floor || unit !== size) continue;
    const along = difference.reduce((sum, value, index) => sum + value * (values[index] ?? 0), 0);
    gain = Math.max(gain, Math.abs(along) / (size * size * values.length));
  }
  return { ...worst, gain };
}

const layerOf = (name: string): string => name.slice(0, name.lastIndexOf('/'));

function rootMeanSquare(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / Math.max(1, values.length));
}
