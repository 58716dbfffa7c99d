import { ConvoyError } from '../base/errors.js';
import type { ImageShape } from '../contracts/index.js';
import { decodeImageBytes, decodeImageFile } from '../data/index.js';
import type { Prediction } from '../predict/index.js';
import { type OpenRunOptions, openRun } from '../training/index.js';
import { type NamedImage, namedImages } from './image-files.js';

export interface PredictFilesOptions extends OpenRunOptions {
  /** Run folder. */
  readonly run: string;
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

/** Images that go through the network at once. */
const batchSize = 64;

/**
 * Predicts the classes of image files with a trained run, in the order of the files; those that can't be read are told in
 * their place. Needs no training data.
 *
 * @throws ConvoyError `CONVOY_CHECKPOINT` where there is no run.
 */
export async function* predictFiles(options: PredictFilesOptions): AsyncGenerator<FilePrediction | UnreadableFile> {
  const { run: folder, files, top = 3, stdin = process.stdin, ...opening } = options;
  const run = await openRun(folder, opening);
  let batch: DecodedImage[] = [];
  const answers = async (): Promise<(FilePrediction | UnreadableFile)[]> => {
    const images = batch;
    batch = [];
    const readable = images.filter((image) => 'pixels' in image);
    const predictions = readable.length === 0 ? [] : await run.predict(readable.map(({ pixels }) => pixels));
    return images.map((image) => {
      if ('error' in image) return image;
      const prediction = predictions.shift() as Prediction;
      return { file: image.file, top: best(prediction, run.classes, top) };
    });
  };
  for await (const image of namedImages(files, stdin)) {
    batch.push(await decoded(image, run.record.image));
    if (batch.length === batchSize) yield* await answers();
  }
  yield* await answers();
}

type DecodedImage = UnreadableFile | { readonly file: string; readonly pixels: Uint8Array };

async function decoded(image: NamedImage, shape: ImageShape): Promise<DecodedImage> {
  if ('error' in image) return image;
  const { file, bytes } = image;
  try {
    return {
      file,
      pixels: await (bytes === undefined ? decodeImageFile(file, shape) : decodeImageBytes(file, bytes, shape)),
    };
  } catch (error) {
    if (error instanceof ConvoyError && error.code === 'CONVOY_DATA') return { file, error };
    throw error;
  }
}

function best({ probabilities }: Prediction, classes: readonly string[], top: number): FilePrediction['top'] {
  return probabilities
    .map((share, label) => ({ class: classes[label] ?? String(label), share }))
    .sort((a, b) => b.share - a.share)
    .slice(0, top);
}
