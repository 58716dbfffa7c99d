import { choiceError } from '../base/errors.js';
import { type LayersModel, type Tensor, type Tensor4D, tf } from '../base/tf.js';
import { refuseUnknownKeys } from '../base/validate.js';
import {
  type ImageShape,
  imageBytes,
  type LossSpec,
  type Preprocess,
  type TestTimeAugmentation,
  testTimeAugmentations,
} from '../contracts/index.js';
import { resizePixels } from '../images/index.js';
import { classScores, outputThreshold, probabilities, scoreKind } from '../models/index.js';
import { type DetectionPrediction, type DetectOptions, objectsIn, parseDetectOptions } from './detections.js';
import { type ImagesInput, listImages, type PixelOptions, pixelsOf, type SingleImage } from './images.js';
import { type MaskPrediction, maskOf, type RebuiltImage } from './masks.js';
import { cutView, viewsOf } from './views.js';

/** What a network says of one image. */
export interface Prediction {
  /** The most likely class, and its place among the classes. */
  readonly class: string;
  readonly label: number;
  /** Of that class, from 0 to 1. */
  readonly probability: number;
  /** Of every class, in the order of `classes`. */
  readonly probabilities: readonly number[];
  /** The file, where the image was one. */
  readonly file?: string;
}

/** What a predictor knows besides the network. */
export interface PredictorOptions {
  readonly classes: readonly string[];
  readonly image: ImageShape;
  readonly preprocess: Preprocess;
  readonly loss: LossSpec;
  /** Take the mean of the outputs for an image and its mirror image. */
  readonly testTimeFlip: boolean;
}

/** How images are looked at. */
export interface PredictOptions extends PixelOptions {
  /** Average the probabilities of several views of each image; in place of `testTimeFlip`. */
  readonly testTimeAugment?: TestTimeAugmentation;
}

/** Images that go through the network at once. */
const batch = 64;

/** Predicts on this thread, without workers: one image is answered as soon as TensorFlow is loaded. */
export class Predictor {
  readonly #model: LayersModel;
  readonly #options: PredictorOptions;
  #warm = false;

  /** @param model with its trained weights; the caller disposes it. */
  constructor(model: LayersModel, options: PredictorOptions) {
    this.#model = model;
    this.#options = options;
  }

  /**
   * The classes of images.
   *
   * @throws ConvoyError `CONVOY_DATA` for a file that cannot be decoded, `CONVOY_OPTION` for pixels of another size or range.
   */
  async predict(images: ImagesInput, options: PredictOptions = {}): Promise<Prediction[]> {
    refuseUnknownKeys('predict', options, ['white', 'testTimeAugment']);
    const { testTimeAugment: kind } = options;
    if (kind !== undefined && !testTimeAugmentations.includes(kind))
      throw choiceError('testTimeAugment', kind, { known: testTimeAugmentations });
    const { classes, image } = this.#options;
    const list = listImages(images, image);
    const results: Prediction[] = [];
    await this.#warmUp();
    for (let start = 0; start < list.length; start += batch) {
      const part = list.slice(start, start + batch);
      const rows =
        kind === undefined
          ? this.#shares(await this.outputs(await pixelsOfAll(part, image, options)), part.length)
          : await this.#viewShares(part, kind, options);
      for (const [index, one] of part.entries()) {
        const shares = rows[index] ?? [];
        const label = shares.indexOf(Math.max(...shares));
        results.push({
          class: classes[label] ?? String(label),
          label,
          probability: shares[label] ?? 0,
          probabilities: shares,
          ...(typeof one === 'string' ? { file: one } : {}),
        });
      }
    }
    return results;
  }

  /**
   * The masks of images.
   *
   * @throws ConvoyError as `predict`.
   */
  async segment(images: ImagesInput, pixelOptions: PixelOptions = {}): Promise<MaskPrediction[]> {
    refuseUnknownKeys('segment', pixelOptions, ['white']);
    const { classes, image, loss } = this.#options;
    return this.#each(images, pixelOptions, (outputs, pixels) => ({
      height: image.height,
      width: image.width,
      ...maskOf(outputs, image.height * image.width, classes, outputThreshold({ loss })),
      pixels: Uint8Array.from(pixels),
      channels: image.channels,
    }));
  }

  /**
   * The objects of images, the most probable first.
   *
   * @throws ConvoyError as `predict`, and `CONVOY_OPTION` for limits out of range.
   */
  async detect(images: ImagesInput, options: DetectOptions = {}): Promise<DetectionPrediction[]> {
    const { limits, pixelOptions } = parseDetectOptions(options);
    const { classes, image, loss } = this.#options;
    return this.#each(images, pixelOptions, (outputs, pixels) => ({
      ...image,
      objects: objectsIn(outputs, classes, { ...limits, image, scores: scoreKind(loss) }),
      pixels: Uint8Array.from(pixels),
    }));
  }

  /**
   * Images as the network rebuilds them, pixels from 0 to 255.
   *
   * @throws ConvoyError as `predict`.
   */
  async reconstruct(images: ImagesInput, pixelOptions: PixelOptions = {}): Promise<RebuiltImage[]> {
    refuseUnknownKeys('reconstruct', pixelOptions, ['white']);
    const { image } = this.#options;
    return this.#each(images, pixelOptions, (outputs, pixels) => {
      const squares = outputs.reduce((sum, value, place) => sum + (value - (pixels[place] as number) / 255) ** 2, 0);
      const rebuilt = Uint8Array.from(outputs, (value) => Math.min(255, Math.max(0, Math.round(255 * value))));
      return { ...image, pixels: rebuilt, error: squares / outputs.length };
    });
  }

  /** Something of each image's outputs and pixels, batch by batch. */
  async #each<Result extends object>(
    images: ImagesInput,
    pixelOptions: PixelOptions,
    make: (outputs: Float32Array, pixels: Float32Array) => Result,
  ): Promise<(Result & { readonly file?: string })[]> {
    const { image } = this.#options;
    const list = listImages(images, image);
    const results: (Result & { readonly file?: string })[] = [];
    for (let start = 0; start < list.length; start += batch) {
      const part = list.slice(start, start + batch);
      const pixels = await Promise.all(part.map((one) => pixelsOf(one, image, pixelOptions)));
      const outputs = await this.outputs(pixels);
      const width = outputs.length / part.length;
      for (const [index, one] of part.entries()) {
        const made = make(outputs.subarray(index * width, (index + 1) * width), pixels[index] as Float32Array);
        results.push({ ...made, ...(typeof one === 'string' ? { file: one } : {}) });
      }
    }
    return results;
  }

  /** Probabilities of each image's classes. */
  #shares(outputs: Float32Array, count: number): number[][] {
    const { classes, loss } = this.#options;
    const { scores, fromLogits } = classScores(outputs, {
      loss,
      width: outputs.length / count,
      classes: classes.length,
    });
    return Array.from({ length: count }, (_, index) =>
      probabilities(scores.subarray(index * classes.length, (index + 1) * classes.length), fromLogits),
    );
  }

  /** Mean probabilities over the views of each image. */
  async #viewShares(
    part: readonly SingleImage[],
    kind: TestTimeAugmentation,
    options: PixelOptions,
  ): Promise<number[][]> {
    const { image } = this.#options;
    const { whole, views } = viewsOf(kind, image);
    const pixels = await Promise.all(part.map((one) => wholeOf(one, image, whole, options)));
    let sums: number[][] | undefined;
    for (const view of views) {
      const parts = pixels.map((one) => {
        const into = new Float32Array(imageBytes(image));
        cutView(one, whole, view, into);
        return into;
      });
      const shares = this.#shares(await this.outputs(parts, false), part.length);
      sums = sums?.map((row, index) => row.map((sum, label) => sum + (shares[index]?.[label] ?? 0))) ?? shares;
    }
    return (sums ?? []).map((row) => row.map((sum) => sum / views.length));
  }

  /** Runs the network once on a black image, so that V8 compiles its layers before a second image has to be quick. */
  async #warmUp(): Promise<void> {
    if (this.#warm) return;
    this.#warm = true;
    const { height, width, channels } = this.#options.image;
    await this.outputs([new Float32Array(height * width * channels)]);
  }

  /**
   * Images as the network takes them, [images, height, width, channels]; the caller disposes the tensor.
   *
   * @throws ConvoyError as `predict`.
   */
  async input(images: ImagesInput, pixelOptions: PixelOptions = {}): Promise<Tensor4D> {
    refuseUnknownKeys('input', pixelOptions, ['white']);
    const { image } = this.#options;
    const pixels = await Promise.all(listImages(images, image).map((one) => pixelsOf(one, image, pixelOptions)));
    return tf.tidy(() => this.#preprocessed(pixels));
  }

  /**
   * The network's outputs.
   *
   * @param pixels of each image, [height, width, channels] from 0 to 255.
   * @param testTimeFlip takes the mean over each image and its mirror image; default: as the run says.
   * @returns [n, outputs], behind each other.
   */
  async outputs(pixels: readonly Float32Array[], testTimeFlip = this.#options.testTimeFlip): Promise<Float32Array> {
    const result = tf.tidy(() => {
      const input = this.#preprocessed(pixels);
      const outputs = this.#model.predict(input) as Tensor;
      if (!testTimeFlip) return outputs;
      const flipped = this.#model.predict(input.reverse(2)) as Tensor;
      return outputs.add(flipped.rank === 4 ? flipped.reverse(2) : flipped).div(2);
    });
    try {
      return Float32Array.from(await result.data());
    } finally {
      result.dispose();
    }
  }

  /** In the caller's `tf.tidy`. */
  #preprocessed(pixels: readonly Float32Array[]): Tensor4D {
    const { image, preprocess } = this.#options;
    const { height, width, channels } = image;
    const flat = new Float32Array(pixels.length * height * width * channels);
    for (const [index, one] of pixels.entries()) flat.set(one, index * height * width * channels);
    const raw = tf.tensor4d(flat, [pixels.length, height, width, channels]);
    return raw.mul(tf.tensor1d([...preprocess.scale])).add(tf.tensor1d([...preprocess.offset]));
  }
}

function pixelsOfAll(
  images: readonly SingleImage[],
  shape: ImageShape,
  options: PixelOptions,
): Promise<Float32Array[]> {
  return Promise.all(images.map((one) => pixelsOf(one, shape, whiteOf(options))));
}

/** An image of another size than the network takes: files are decoded to it, pixels resized. */
async function wholeOf(
  one: SingleImage,
  shape: ImageShape,
  whole: ImageShape,
  options: PixelOptions,
): Promise<Float32Array> {
  const given = typeof one === 'string' || 'encoded' in one || imageBytes(whole) === imageBytes(shape);
  if (given) return pixelsOf(one, whole, whiteOf(options));
  const small = Uint8Array.from(await pixelsOf(one, shape, whiteOf(options)), (value) => Math.round(value));
  const into = new Uint8Array(imageBytes(whole));
  await resizePixels(small, shape, whole, into);
  return Float32Array.from(into);
}

function whiteOf({ white }: PixelOptions): PixelOptions {
  return white === undefined ? {} : { white };
}
