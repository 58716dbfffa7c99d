import type { CalibrationReport } from '../types.js';

const bins = 15;

/**
 * How far the probabilities can be believed: samples in 15 equal parts of confidence, and the expected calibration error
 * (Guo et al. 2017), the mean distance between confidence and accuracy, weighted by samples.
 *
 * @param confidence of the most likely class, for each sample.
 * @param right whether that class is the true one.
 */
export function calibrationOf(confidence: ArrayLike<number>, right: ArrayLike<boolean>): CalibrationReport {
  const sums = Array.from({ length: bins }, () => ({ confidence: 0, right: 0, count: 0 }));
  for (let i = 0; i < confidence.length; i++) {
    const value = confidence[i] as number;
    // A part includes its upper end: 1 belongs to the last.
    const own = sums[Math.min(bins - 1, Math.max(0, Math.ceil(value * bins) - 1))];
    if (own === undefined) continue;
    own.confidence += value;
    own.right += right[i] === true ? 1 : 0;
    own.count += 1;
  }
  const filled = sums
    .filter(({ count }) => count > 0)
    .map((own) => ({ confidence: own.confidence / own.count, accuracy: own.right / own.count, count: own.count }));
  const error = filled.reduce((sum, bin) => sum + bin.count * Math.abs(bin.confidence - bin.accuracy), 0);
  return { bins: filled, error: confidence.length === 0 ? 0 : error / confidence.length };
}
