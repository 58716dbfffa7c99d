import { ConvoyError, valueError } from '../base/errors.js';
import type { LearningRateSweep } from '../plots/index.js';
import { openRuntime, type RuntimeOptions } from '../runtime/index.js';
import { endlessSteps } from '../training/index.js';

export interface LearningRateSearchOptions extends RuntimeOptions {
  /** First and last learning rate; 1e-6 and 10. */
  readonly from?: number;
  readonly to?: number;
  /** Optimizer steps, at least 10; 100. */
  readonly steps?: number;
  readonly onStep?: (step: {
    readonly step: number;
    readonly steps: number;
    readonly learningRate: number;
    readonly loss: number;
  }) => void;
}

/** What `suggestLearningRates` reads off a sweep. */
export interface LearningRateSuggestions {
  /** Where the smoothed loss falls steepest: the one to begin with. */
  readonly steepest: number;
  /** A tenth of the rate of the lowest smoothed loss: the other rule of thumb. */
  readonly tenthOfLowest: number;
}

/** A sweep: the smoothed loss at every rate tried, what it suggests, why it ended. */
export interface LearningRateSearch extends LearningRateSweep {
  /** Undefined when the loss never fell. */
  readonly suggestions: LearningRateSuggestions | undefined;
  readonly ended: 'at the last rate' | 'because the loss diverged';
}

/** Weight of the past in the smoothed loss, and the multiple of the lowest loss that ends a sweep: fastai's. */
const smoothing = 0.98;
const divergence = 4;
/** Steps whose smoothed losses are averages of too few to have a slope; as PyTorch Lightning leaves out. */
const noisySteps = 10;

/**
 * Learning-rate range test (Smith 2017): trains from the start of a configuration with a rate that grows by the same
 * factor each step, until the smoothed loss is four times its lowest or no number any more. The
 * schedule's learning rate is left aside; what was trained is thrown away.
 *
 * @throws ConvoyError `CONVOY_OPTION` for a wrong range, and whatever opening the configuration throws.
 */
export async function findLearningRate(options: LearningRateSearchOptions): Promise<LearningRateSearch> {
  const { from = 1e-6, to = 10, steps = 100, onStep, ...opening } = options;
  if (!(from > 0)) throw valueError('--from', 'a number above 0', from);
  if (!(to > from) || !Number.isFinite(to))
    throw valueError('--to', `a number above ${from}, where --from starts,`, to);
  if (!Number.isInteger(steps) || steps < 10) throw valueError('--steps', 'an integer of at least 10', steps);
  const runtime = await openRuntime(opening);
  const learningRates: number[] = [];
  const losses: number[] = [];
  let average = 0;
  let ended: LearningRateSearch['ended'] = 'at the last rate';
  try {
    const learningRate = (step: number): number => from * (to / from) ** (step / (steps - 1));
    for await (const { stepped, stepSums } of endlessSteps(runtime, { rates: { ...runtime.schedule, learningRate } })) {
      const step = losses.length;
      if (opening.signal?.aborted === true) {
        throw new ConvoyError('CONVOY_ABORTED', `Stopped after ${step} steps; nothing was written`);
      }
      if (!stepped) continue;
      const loss = stepSums.lossSum / stepSums.weightSum;
      average = smoothing * average + (1 - smoothing) * loss;
      const smooth = average / (1 - smoothing ** (step + 1)); // the average began at 0
      learningRates.push(learningRate(step));
      losses.push(smooth);
      onStep?.({ step: step + 1, steps, learningRate: learningRate(step), loss: smooth });
      if (smooth > divergence * Math.min(...losses)) {
        ended = 'because the loss diverged';
        break;
      }
      if (losses.length === steps) break;
    }
  } catch (error) {
    if (!(error instanceof ConvoyError) || error.code !== 'CONVOY_DIVERGED') throw error;
    ended = 'because the loss diverged';
  } finally {
    await runtime.close();
  }
  const suggestions = suggestLearningRates(learningRates, losses);
  return { learningRates, losses, suggestions, ended, ...(suggestions && { suggested: suggestions.steepest }) };
}

/**
 * Reads learning rates off a sweep: where the loss falls steepest on the logarithmic axis before its lowest, and a tenth
 * of where it is lowest.
 *
 * @param losses smoothed, one for each of the rising, evenly (in logarithm) spaced rates.
 * @returns undefined when the loss is lowest at the start.
 */
export function suggestLearningRates(
  learningRates: readonly number[],
  losses: readonly number[],
): LearningRateSuggestions | undefined {
  const lowest = losses.indexOf(Math.min(...losses));
  if (lowest < 1) return undefined;
  const at = (index: number): number => losses[Math.max(0, Math.min(lowest, index))] as number;
  const first = Math.min(noisySteps, Math.floor(lowest / 2));
  let steepest = first;
  let slope = 0;
  for (let index = first; index <= lowest; index++) {
    // Central differences; at both ends only one neighbour is there.
    const span = Math.min(lowest, index + 1) - Math.max(0, index - 1);
    const here = (at(index + 1) - at(index - 1)) / span;
    if (here < slope) [steepest, slope] = [index, here];
  }
  return { steepest: learningRates[steepest] as number, tenthOfLowest: (learningRates[lowest] as number) / 10 };
}
