import { ignoredPixel, type MaskMetric } from '../contracts/index.js';

/** Scores of masks over a whole split, from one confusion matrix of all its pixels. */
export interface MaskScores extends Readonly<Record<MaskMetric, number>> {
  /** Of each class; NaN where neither targets nor predictions have a pixel of it. */
  readonly iou: readonly number[];
  readonly diceOfClass: readonly number[];
  /** Share of each class's pixels that are found. */
  readonly recall: readonly number[];
  /** Pixels: row truth, column prediction. */
  readonly confusion: readonly (readonly number[])[];
  /** Pixels that count. */
  readonly pixels: number;
}

/** Adds up pixels of masks by their true and their predicted class. */
export class MaskMetrics {
  readonly #classes: number;
  readonly #counts: Float64Array;

  constructor(classes: number) {
    this.#classes = classes;
    this.#counts = new Float64Array(classes * classes);
  }

  /**
   * @param predicted class of each pixel.
   * @param truth class of each pixel; 255 does not count.
   */
  add(predicted: ArrayLike<number>, truth: Uint8Array): void {
    const classes = this.#classes;
    const counts = this.#counts;
    for (let pixel = 0; pixel < truth.length; pixel++) {
      const wanted = truth[pixel] as number;
      if (wanted === ignoredPixel) continue;
      const place = wanted * classes + (predicted[pixel] as number);
      counts[place] = (counts[place] as number) + 1;
    }
  }

  /**
   * Mean IoU and Dice (which is F1) are means over the classes that occur, in targets or predictions; pixel accuracy is the
   * share of right pixels. As torchmetrics' `JaccardIndex`, `F1Score` and `Accuracy` have them, with `ignore_index` 255.
   */
  scores(): MaskScores {
    const classes = this.#classes;
    const range = Array.from({ length: classes }, (_, k) => k);
    const at = (row: number, column: number): number => this.#counts[row * classes + column] as number;
    const rows = range.map((k) => range.reduce((sum, other) => sum + at(k, other), 0));
    const columns = range.map((k) => range.reduce((sum, other) => sum + at(other, k), 0));
    const pixels = rows.reduce((a, b) => a + b, 0);
    const right = range.reduce((sum, k) => sum + at(k, k), 0);
    const share = (k: number, factor: number, whole: number): number =>
      whole === 0 ? Number.NaN : (factor * at(k, k)) / whole;
    const iou = range.map((k) => share(k, 1, (rows[k] as number) + (columns[k] as number) - at(k, k)));
    const diceOfClass = range.map((k) => share(k, 2, (rows[k] as number) + (columns[k] as number)));
    return {
      'mean-iou': meanOfDefined(iou),
      dice: meanOfDefined(diceOfClass),
      'pixel-accuracy': right / pixels,
      iou,
      diceOfClass,
      recall: range.map((k) => share(k, 1, rows[k] as number)),
      confusion: range.map((k) => range.map((other) => at(k, other))),
      pixels,
    };
  }
}

function meanOfDefined(values: readonly number[]): number {
  const defined = values.filter((value) => !Number.isNaN(value));
  return defined.reduce((a, b) => a + b, 0) / defined.length;
}
