import { classesOf, type Dataset } from '../contracts/index.js';

/** Samples of each class; of several classes a sample counts for each. */
export function samplesPerClass(dataset: Dataset): number[] {
  const counts = dataset.classes.map(() => 0);
  for (let sample = 0; sample < dataset.count; sample++) {
    for (const label of classesOf(dataset, sample)) counts[label] = (counts[label] ?? 0) + 1;
  }
  return counts;
}
