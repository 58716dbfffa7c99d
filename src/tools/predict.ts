import { ConvoyError } from '../base/errors.js';
import { decodeImageFile } from '../images/index.js';
import { type Arena, slotNames } from '../memory/index.js';
import { classScores, probabilities } from '../models/index.js';
import { findRecord } from '../run/index.js';
import { type OpenRunOptions, openRun } from '../training/index.js';
import { recordedData } from './recorded-data.js';

export interface PredictFilesOptions extends OpenRunOptions {
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
 * Predicts the classes of image files with a trained run, in the order of the files. Classes and image size are those that
 * the run recorded: its data need not be there.
 *
 * @throws ConvoyError `CONVOY_CHECKPOINT` where there is no run; `CONVOY_DATA` for files that are no images, once all others
 *   have been predicted.
 */
export async function* predictFiles({
  files,
  top = 3,
  ...opening
}: PredictFilesOptions): AsyncGenerator<FilePrediction> {
  const record = opening.datasets === undefined ? await findRecord(opening.run) : undefined;
  const runtime = await openRun({ ...opening, ...(record && { datasets: recordedData(record) }) });
  try {
    const { arena, layout, datasets, coordinator, spec } = runtime;
    const { classes, shape } = datasets.train;
    const slot = runtime.evaluationSlots[0] as number;
    const bad: ConvoyError[] = [];
    for (let start = 0; start < files.length; start += layout.capacity) {
      const batch: string[] = [];
      for (const file of files.slice(start, start + layout.capacity)) {
        const place = arena.slot(slotNames.pixels(slot));
        const pixels = arena.uint8(place, batch.length * layout.imageBytes, layout.imageBytes);
        try {
          await decodeImageFile(file, shape, pixels);
          batch.push(file);
        } catch (error) {
          if (!(error instanceof ConvoyError) || error.code !== 'CONVOY_DATA') throw error;
          bad.push(error);
        }
      }
      if (batch.length === 0) continue;
      clearTargets(arena, slot);
      await coordinator.evaluate({ slot, count: batch.length });
      const width = layout.outputLength;
      const outputs = arena.float32(arena.slot(slotNames.outputs(slot)), 0, batch.length * width);
      const { scores, fromLogits } = classScores(outputs, { loss: spec.loss, width, classes: classes.length });
      for (const [index, file] of batch.entries()) {
        const best = probabilities(scores.subarray(index * classes.length, (index + 1) * classes.length), fromLogits)
          .map((share, label) => ({ class: classes[label] ?? String(label), share }))
          .sort((a, b) => b.share - a.share)
          .slice(0, top);
        yield { file, top: best };
      }
    }
    const [first] = bad;
    if (first !== undefined) throw bad.length === 1 ? first : severalBad(bad);
  } finally {
    await runtime.close();
  }
}

/** One error for all files that cannot be decoded. */
function severalBad(bad: readonly ConvoyError[]): ConvoyError {
  const files = bad.map(({ details }) => details.file);
  return new ConvoyError('CONVOY_DATA', bad.map(({ message }) => message).join('\n'), { files });
}

/** Targets are not known: zeros are valid ones, and their loss is not shown. */
function clearTargets(arena: Arena, slot: number): void {
  const place = arena.slot(slotNames.targets(slot));
  if (place.type === 'int32') arena.int32(place).fill(0);
  else arena.float32(place).fill(0);
}
