/** Scores of segmentations from one confusion matrix over all pixels. */
import { ConvoyError } from '../../base/errors.js';

/** How pixels are counted. */
export interface PixelClasses {
  /** Number of classes. */
  readonly classes: number;
  /** Label of pixels that are not counted; 255 by default, as Pascal VOC marks borders. */
  readonly ignoreIndex?: number;
}

/**
 * Adds pixels to a confusion matrix.
 *
 * @param confusion [classes, classes], row by row: true class, predicted class. Changed in place.
 * @param predictions class of each pixel.
 * @param labels true class of each pixel, in the same order.
 * @throws ConvoyError `CONVOY_DATA` for a label that is neither a class nor ignored.
 */
export function countPixels(
  confusion: Float64Array,
  predictions: ArrayLike<number>,
  labels: ArrayLike<number>,
  { classes, ignoreIndex = 255 }: PixelClasses,
): void {
  for (let pixel = 0; pixel < labels.length; pixel++) {
    const label = labels[pixel] as number;
    if (label === ignoreIndex) continue;
    if (!(label >= 0 && label < classes)) {
      const message = `Expected labels from 0 to ${classes - 1}, or ${ignoreIndex} to ignore, but found ${label} at pixel ${pixel}`;
      throw new ConvoyError('CONVOY_DATA', message);
    }
    const predicted = predictions[pixel] as number;
    if (!(predicted >= 0 && predicted < classes)) throw new RangeError(`class ${predicted} of ${classes} predicted`);
    const cell = label * classes + predicted;
    confusion[cell] = (confusion[cell] as number) + 1;
  }
}

/** Scores of a segmentation, 0 to 1. */
export interface SegmentationScores {
  /** Pixels counted. */
  readonly pixels: number;
  /** Share of pixels of the right class. */
  readonly pixelAccuracy: number;
  /** Intersection over union of each class over all images: right / (right + missed + wrong); NaN for one that neither occurs nor is predicted. */
  readonly iouPerClass: readonly number[];
  /** Mean of the classes that occur or are predicted. */
  readonly meanIou: number;
  /** Dice's coefficient of each class, its F1 score: 2 right / (2 right + missed + wrong); NaN as above. */
  readonly dicePerClass: readonly number[];
  readonly meanDice: number;
}

/** Scores of a confusion matrix, [classes, classes], row by row: true class, predicted class. */
export function segmentationScores(confusion: ArrayLike<number>, classes: number): SegmentationScores {
  const cell = (label: number, predicted: number): number => confusion[label * classes + predicted] as number;
  const all = Array.from({ length: classes }, (_, k) => k);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const pixels = sum(Array.from(confusion));
  const counts = all.map((k) => ({
    right: cell(k, k),
    either: sum(all.map((other) => cell(k, other) + cell(other, k))),
  }));
  const iouPerClass = counts.map(({ right, either }) => right / (either - right));
  const dicePerClass = counts.map(({ right, either }) => (2 * right) / either);
  const mean = (values: readonly number[]): number => {
    const defined = values.filter((value) => !Number.isNaN(value));
    return sum(defined) / defined.length;
  };
  return {
    pixels,
    pixelAccuracy: sum(counts.map(({ right }) => right)) / pixels,
    ...{ iouPerClass, meanIou: mean(iouPerClass), dicePerClass, meanDice: mean(dicePerClass) },
  };
}
