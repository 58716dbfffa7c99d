import { ConvoyError } from '../base/errors.js';
import type { TestTimeAugmentation } from '../contracts/index.js';
import {
  type DetectionPrediction,
  type ImageInput,
  type MaskPrediction,
  type PredictOptions,
  type RebuiltImage,
  viewsInWords,
} from '../predict/index.js';
import { type OpenRunOptions, openRun, type TrainedRun } from '../training/index.js';
import { type NamedImage, namedImages, type ReadableImage } from './image-files.js';

export interface PredictFilesOptions extends OpenRunOptions {
  /** Run folder. */
  readonly run: string;
  /** Image files of any size, folders of them, patterns as `photos/*.jpg`; `-` for standard input. */
  readonly files: readonly string[];
  /** Average the probabilities of several views of each image. */
  readonly testTimeAugment?: TestTimeAugmentation | undefined;
  /** Classes to give for each image; 3. */
  readonly top?: number;
  /** What `-` reads; default: the process's standard input. */
  readonly stdin?: AsyncIterable<Buffer>;
}

/** The most likely classes of an image file, best first. */
export interface FilePrediction {
  readonly file: string;
  readonly top: readonly { readonly class: string; readonly share: number }[];
  /** Of a run with masks: the class of each pixel; `top` has the classes' shares of the pixels. */
  readonly mask?: MaskPrediction;
  /** Of a detector: the objects of the image; `top` has their classes, each with its highest score. */
  readonly detection?: DetectionPrediction;
  /** Of a run that rebuilds images; `top` is empty. */
  readonly rebuilt?: RebuiltImage;
}

/** What a run says of one image, by its task. */
type Answer = Pick<FilePrediction, 'top' | 'mask' | 'detection' | 'rebuilt'>;

/** An image that there is no answer for, and why. */
export interface UnreadableFile {
  readonly file: string;
  readonly error: ConvoyError;
}

/** Images that go through the network at once. */
const batchSize = 64;

/**
 * Predicts the classes or masks of image files with a trained run, in the order of the files; those that cannot be read are told in
 * their place. Needs nothing but the run's folder.
 *
 * @throws ConvoyError `CONVOY_CHECKPOINT` where there is no run.
 */
export async function* predictFiles(options: PredictFilesOptions): AsyncGenerator<FilePrediction | UnreadableFile> {
  const { run: folder, files, top = 3, stdin = process.stdin, testTimeAugment, ...opening } = options;
  const looking = testTimeAugment === undefined ? {} : { testTimeAugment };
  const run = await openRun(folder, opening);
  if (testTimeAugment !== undefined) options.onNote?.(viewsInWords(testTimeAugment, run.record.image));
  let batch: NamedImage[] = [];
  for await (const image of namedImages(files, stdin)) {
    batch.push(image);
    if (batch.length < batchSize) continue;
    yield* predictBatch(run, batch, top, looking);
    batch = [];
  }
  yield* predictBatch(run, batch, top, looking);
}

/** Answers images together; where one of them cannot be read, one by one. */
async function* predictBatch(
  run: TrainedRun,
  images: readonly NamedImage[],
  top: number,
  looking: PredictOptions,
): AsyncGenerator<FilePrediction | UnreadableFile> {
  const named = images.filter((image): image is ReadableImage => !('error' in image));
  const together = await answers(run, named, top, looking);
  for (const image of images) {
    if ('error' in image) {
      yield image;
      continue;
    }
    const found = Array.isArray(together)
      ? together.slice(named.indexOf(image))
      : await answers(run, [image], top, looking);
    const { file } = image;
    if (Array.isArray(found)) yield { file, ...(found[0] as Answer) };
    else yield { file, error: found };
  }
}

async function answers(
  run: TrainedRun,
  images: readonly ReadableImage[],
  top: number,
  looking: PredictOptions,
): Promise<Answer[] | ConvoyError> {
  const inputs = images.map(
    ({ file, bytes }): ImageInput => (bytes === undefined ? file : { encoded: bytes, name: file }),
  );
  try {
    const { targets } = run.record;
    if (targets === 'masks') {
      return (await run.segment(inputs)).map((mask) => ({ top: best(mask.shares, run.classes, top), mask }));
    }
    if (targets === 'boxes') {
      return (await run.detect(inputs)).map((detection) => ({ top: seen(detection, top), detection }));
    }
    if (targets === 'pixels') return (await run.reconstruct(inputs)).map((rebuilt) => ({ top: [], rebuilt }));
    const predicted = await run.predict(inputs, looking);
    return predicted.map(({ probabilities }) => ({ top: best(probabilities, run.classes, top) }));
  } catch (error) {
    if (!(error instanceof ConvoyError) || error.code !== 'CONVOY_DATA') throw error;
    return error;
  }
}

/** The classes of the objects in an image, each with its highest score. */
function seen({ objects }: DetectionPrediction, top: number): FilePrediction['top'] {
  const highest = new Map<string, number>();
  for (const object of objects) if (!highest.has(object.class)) highest.set(object.class, object.score);
  return [...highest].map(([name, share]) => ({ class: name, share })).slice(0, top);
}

function best(shares: readonly number[], classes: readonly string[], top: number): FilePrediction['top'] {
  return shares
    .map((share, label) => ({ class: classes[label] ?? String(label), share }))
    .sort((a, b) => b.share - a.share)
    .slice(0, top);
}
