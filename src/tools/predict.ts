import { ConvoyError } from '../base/errors.js';
import type { LossSpec } from '../contracts/index.js';
import { decodeImageBytes, decodeImageFile } from '../data/index.js';
import { type Arena, slotNames } from '../memory/index.js';
import { classScores, probabilities } from '../models/index.js';
import type { Runtime } from '../runtime/index.js';
import { type OpenRunOptions, openRunToPredict } from '../training/index.js';
import { type NamedImage, namedImages } from './image-files.js';

export interface PredictFilesOptions extends Omit<OpenRunOptions, 'overrides' | 'datasets'> {
  /** Image files of any size, folders of them, patterns as `photos/*.jpg`; `-` for standard input. */
  readonly files: readonly string[];
  /** Classes to give for each image; 3. */
  readonly top?: number;
  /** What `-` reads: an image, or names one a line; default: standard input. */
  readonly stdin?: AsyncIterable<Buffer>;
}

/** The most likely classes of an image file, best first. */
export interface FilePrediction {
  readonly file: string;
  readonly top: readonly { readonly class: string; readonly share: number }[];
}

/** An image that there is no answer for, and why. */
export interface UnreadableFile {
  readonly file: string;
  readonly error: ConvoyError;
}

/**
 * Predicts the classes of image files with a trained run, in the order of the files; those that can't be read are told in
 * their place. Needs nothing but the run's folder.
 *
 * @throws ConvoyError `CONVOY_CHECKPOINT` where there is no run.
 */
export async function* predictFiles({
  files,
  top = 3,
  stdin = process.stdin,
  ...opening
}: PredictFilesOptions): AsyncGenerator<FilePrediction | UnreadableFile> {
  const { runtime, loss } = await openRunToPredict(opening);
  try {
    let batch: NamedImage[] = [];
    for await (const image of namedImages(files, stdin)) {
      batch.push(image);
      if (batch.length < runtime.layout.capacity) continue;
      yield* predictBatch(runtime, loss, batch, top);
      batch = [];
    }
    if (batch.length > 0) yield* predictBatch(runtime, loss, batch, top);
  } finally {
    await runtime.close();
  }
}

async function* predictBatch(
  runtime: Runtime,
  loss: LossSpec,
  images: readonly NamedImage[],
  top: number,
): AsyncGenerator<FilePrediction | UnreadableFile> {
  const { arena, layout, datasets, coordinator } = runtime;
  const { classes, shape } = datasets.train;
  const slot = runtime.evaluationSlots[0] as number;
  const failures = new Map<NamedImage, ConvoyError>();
  const rows = new Map<NamedImage, number>();
  for (const image of images) {
    try {
      if ('error' in image) throw image.error;
      const { file, bytes } = image;
      const pixels = await (bytes === undefined ? decodeImageFile(file, shape) : decodeImageBytes(file, bytes, shape));
      const row = rows.size;
      arena.uint8(arena.slot(slotNames.pixels(slot)), row * layout.imageBytes, layout.imageBytes).set(pixels);
      rows.set(image, row);
    } catch (error) {
      if (!(error instanceof ConvoyError) || error.code !== 'CONVOY_DATA') throw error;
      failures.set(image, error);
    }
  }
  clearTargets(arena, slot);
  if (rows.size > 0) await coordinator.evaluate({ slot, count: rows.size });
  const width = layout.outputLength;
  const outputs = arena.float32(arena.slot(slotNames.outputs(slot)), 0, rows.size * width);
  const { scores, fromLogits } = classScores(outputs, { loss, width, classes: classes.length });
  for (const image of images) {
    const { file } = image;
    const row = rows.get(image);
    if (row === undefined) {
      yield { file, error: failures.get(image) as ConvoyError };
      continue;
    }
    const best = probabilities(scores.subarray(row * classes.length, (row + 1) * classes.length), fromLogits)
      .map((share, label) => ({ class: classes[label] ?? String(label), share }))
      .sort((a, b) => b.share - a.share)
      .slice(0, top);
    yield { file, top: best };
  }
}

/** Targets are not known: zeros are valid ones, and their loss is not shown. */
function clearTargets(arena: Arena, slot: number): void {
  const place = arena.slot(slotNames.targets(slot));
  if (place.type === 'int32') arena.int32(place).fill(0);
  else arena.float32(place).fill(0);
}
