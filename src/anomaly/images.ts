/** Images of any source, as a network takes them. */
import { type Dataset, type ImageShape, imageBytes, isDataset } from '../contracts/index.js';
import { decodeImageBytes, readStoredImage, resizePixels, storedImageError, storedImageName } from '../images/index.js';
import { type ImagesInput, listImages, pixelsOf } from '../predict/index.js';

/** Images to fit or to score: files, pixels, or a dataset, whose images are brought to the network's size and channels. */
export type AnomalyImages = ImagesInput | Dataset;

/** Images that are read when they are needed. */
export interface ImageList {
  readonly count: number;
  /** Pixels of an image, 0 to 255. */
  read(place: number): Promise<Float32Array>;
  /** The file, where the image is one. */
  file(place: number): string | undefined;
}

/**
 * @param shape as the network takes images.
 * @param samples places in the images; default: all of them.
 */
export function imageList(images: AnomalyImages, shape: ImageShape, samples?: ArrayLike<number>): ImageList {
  const whole = isDataset(images) ? ofDataset(images, shape) : ofInput(images, shape);
  if (samples === undefined) return whole;
  const at = (place: number): number => samples[place] as number;
  return {
    count: samples.length,
    read: (place) => whole.read(at(place)),
    file: (place) => whole.file(at(place)),
  };
}

function ofInput(images: ImagesInput, shape: ImageShape): ImageList {
  const list = listImages(images, shape);
  const at = (place: number) => list[place] as (typeof list)[number];
  return {
    count: list.length,
    read: (place) => pixelsOf(at(place), shape),
    file(place) {
      const image = at(place);
      return typeof image === 'string' ? image : undefined;
    },
  };
}

function ofDataset({ count, shape: from, store }: Dataset, shape: ImageShape): ImageList {
  if (store.kind === 'files') {
    return {
      count,
      async read(place) {
        const pixels = new Uint8Array(imageBytes(shape));
        try {
          await decodeImageBytes(readStoredImage(store, place), shape, pixels, storedImageName(store, place));
        } catch (error) {
          throw storedImageError(store, place, error);
        }
        return Float32Array.from(pixels);
      },
      file: (place) => storedImageName(store, place),
    };
  }
  const each = imageBytes(from);
  const { channels } = shape;
  return {
    count,
    async read(place) {
      const own = withChannels(store.pixels.subarray(place * each, (place + 1) * each), from.channels, channels);
      if (from.height === shape.height && from.width === shape.width) return Float32Array.from(own);
      const resized = new Uint8Array(imageBytes(shape));
      await resizePixels(own, { ...from, channels }, shape, resized);
      return Float32Array.from(resized);
    },
    file: () => undefined,
  };
}

/** Weights of red, green and blue in grey: ITU-R BT.601. */
const luma = [0.299, 0.587, 0.114] as const;

function withChannels(pixels: Uint8Array, from: number, to: number): Uint8Array {
  if (from === to) return pixels;
  const result = new Uint8Array((pixels.length / from) * to);
  for (let pixel = 0; pixel * to < result.length; pixel++) {
    const [red = 0, green = red, blue = red] = pixels.subarray(pixel * from, (pixel + 1) * from);
    if (to === 1) result[pixel] = Math.round(luma[0] * red + luma[1] * green + luma[2] * blue);
    else result.set([red, green, blue], pixel * to);
  }
  return result;
}
