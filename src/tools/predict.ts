import type { Prediction } from '../predict/index.js';
import { type OpenRunOptions, openRun } from '../training/index.js';

export interface PredictFilesOptions extends OpenRunOptions {
  /** Run folder. */
  readonly run: string;
  /** Image files of any size. */
  readonly files: readonly string[];
  /** Classes to give for each image; 3. */
  readonly top?: number;
}

/** The most likely classes of an image file, best first. */
export interface FilePrediction {
  readonly file: string;
  readonly top: readonly { readonly class: string; readonly share: number }[];
}

/**
 * Predicts the classes of image files with a trained run, in the order of the files; needs no training data.
 *
 * @throws ConvoyError `CONVOY_CHECKPOINT` where there is no run, `CONVOY_DATA` for a file that is no image.
 */
export async function* predictFiles(options: PredictFilesOptions): AsyncGenerator<FilePrediction> {
  const { run: folder, files, top = 3, ...opening } = options;
  const run = await openRun(folder, opening);
  for (const file of files) {
    const [prediction] = await run.predict(file);
    if (prediction !== undefined) yield { file, top: best(prediction, run.classes, top) };
  }
}

function best({ probabilities }: Prediction, classes: readonly string[], top: number): FilePrediction['top'] {
  return probabilities
    .map((share, label) => ({ class: classes[label] ?? String(label), share }))
    .sort((a, b) => b.share - a.share)
    .slice(0, top);
}
