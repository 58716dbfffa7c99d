import { classesOf } from '../../contracts/index.js';
import type { Outputs } from './outputs.js';

/** Images that a page shows: enough to see what is the matter, few enough for a page of some megabytes. */
const most = { inCell: 12, inCells: 1200, mistakes: 48, doubtful: 24 } as const;

/** Samples that a page shows, and where. */
export interface ChosenSamples {
  /** Indices into the split. */
  readonly samples: readonly number[];
  /** Places in `samples`. */
  readonly cells: Readonly<Record<string, readonly number[]>>;
  readonly mistakes: readonly number[];
  readonly doubtful: readonly number[];
}

/**
 * Chooses the most confident mistakes, the least sure successes, and for each cell of the confusion matrix the images that the
 * network was surest of.
 */
export function chooseSamples({ dataset, shares }: Outputs, matrix: boolean): ChosenSamples {
  const classes = dataset.classes.length;
  const places = new Map<number, number>();
  const place = (sample: number): number => {
    const known = places.get(sample) ?? places.size;
    places.set(sample, known);
    return known;
  };
  const judged = Array.from({ length: dataset.count }, (_, sample) => {
    const row = shares.subarray(sample * classes, (sample + 1) * classes);
    const truth = classesOf(dataset, sample);
    if (dataset.targets.kind === 'classes') {
      const best = row.indexOf(row.reduce((a, b) => Math.max(a, b), 0));
      return { sample, truth: truth[0] ?? 0, predicted: best, sure: row[best] ?? 0, right: best === truth[0] };
    }
    // The label that is furthest from the truth decides.
    const distance = row.reduce(
      (far, share, label) => Math.max(far, Math.abs(share - (truth.includes(label) ? 1 : 0))),
      0,
    );
    return { sample, truth: -1, predicted: -1, sure: distance < 0.5 ? 1 - distance : distance, right: distance < 0.5 };
  });
  const surest = judged.toSorted((a, b) => b.sure - a.sure);
  const mistakes = surest
    .filter(({ right }) => !right)
    .slice(0, most.mistakes)
    .map(({ sample }) => place(sample));
  const doubtful = surest
    .filter(({ right }) => right)
    .slice(-most.doubtful)
    .reverse()
    .map(({ sample }) => place(sample));
  const cells: Record<string, number[]> = {};
  const inEach = Math.max(1, Math.min(most.inCell, Math.floor(most.inCells / (classes * classes))));
  if (matrix) {
    for (const { sample, truth, predicted } of surest) {
      const key = `${truth},${predicted}`;
      const own = (cells[key] ??= []);
      if (own.length < inEach) own.push(place(sample));
    }
  }
  return { samples: [...places.keys()], cells, mistakes, doubtful };
}
