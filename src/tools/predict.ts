import { decodeImageFile } from '../data/index.js';
import { type Arena, slotNames } from '../memory/index.js';
import { classScores, probabilities } from '../models/index.js';
import { type OpenRunOptions, openRun } from '../training/index.js';

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
 * Predicts the classes of image files with a trained run, in the order of the files.
 *
 * @throws ConvoyError `CONVOY_CHECKPOINT` where there is no run, `CONVOY_DATA` for a file that is no image.
 */
export async function* predictFiles({
  files,
  top = 3,
  ...opening
}: PredictFilesOptions): AsyncGenerator<FilePrediction> {
  const runtime = await openRun(opening);
  try {
    const { arena, layout, datasets, coordinator, spec } = runtime;
    const { classes, shape } = datasets.train;
    const slot = runtime.evaluationSlots[0] as number;
    for (let start = 0; start < files.length; start += layout.capacity) {
      const batch = files.slice(start, start + layout.capacity);
      for (const [index, file] of batch.entries()) {
        const pixels = await decodeImageFile(file, shape);
        arena.uint8(arena.slot(slotNames.pixels(slot)), index * layout.imageBytes, layout.imageBytes).set(pixels);
      }
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
  } finally {
    await runtime.close();
  }
}

/** Targets are not known: zeros are valid ones, and their loss is not shown. */
function clearTargets(arena: Arena, slot: number): void {
  const place = arena.slot(slotNames.targets(slot));
  if (place.type === 'int32') arena.int32(place).fill(0);
  else arena.float32(place).fill(0);
}
