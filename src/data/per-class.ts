import type { Dataset } from '../contracts/index.js';

/** Samples of each class; of several classes a sample counts for each. */
export function samplesPerClass({ targets, classes, count }: Dataset): number[] {
  const counts = classes.map(() => 0);
  if (targets.kind === 'classes') {
    for (const label of targets.labels) counts[label] = (counts[label] ?? 0) + 1;
    return counts;
  }
  return counts.map((_, label) => {
    let sum = 0;
    for (let sample = 0; sample < count; sample++)
      sum += (targets.values[sample * classes.length + label] ?? 0) > 0.5 ? 1 : 0;
    return sum;
  });
}
