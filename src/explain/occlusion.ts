import { valueError } from '../base/errors.js';
import { type LayersModel, type Tensor, tf } from '../base/tf.js';
import { type ClassChoice, checkImages, type Maps } from './maps.js';
import { classesOf, ends, scoresOf } from './walk.js';

/** How images are occluded. */
export interface OcclusionOptions extends ClassChoice {
  /** Side of the square that covers a part of the image, in pixels; default: a quarter of the image's shorter side. */
  readonly size?: number | undefined;
  /** Pixels from one place of the square to the next; default: half its side. */
  readonly stride?: number | undefined;
  /** What the square holds, in the network's own scale; default: the mean of each image's channel. */
  readonly fill?: number | undefined;
}

/** Occluded images that go through the network at once. */
const batchSize = 64;

/**
 * Occlusion (Zeiler and Fergus 2014): how much the class's score falls when a square covers a part of the image. Large where
 * the network needs what is there, below 0 where it is misled by it.
 *
 * @param images [images, height, width, channels], as the network takes them.
 * @returns a map of the square's places, row by row: place (r, c) covers the pixels from (r, c) times the stride on.
 * @throws ConvoyError `CONVOY_OPTION` for a square larger than the images, a class that the model does not have, or images of
 *   another size.
 */
export async function occlusion(model: LayersModel, images: Tensor, options: OcclusionOptions = {}): Promise<Maps> {
  const batch = checkImages(model, images);
  const [count, height, width] = batch.shape;
  const shorter = Math.min(height, width);
  const { size = Math.max(1, Math.round(shorter / 4)) } = options;
  const { stride = Math.max(1, Math.round(size / 2)) } = options;
  if (!Number.isInteger(size) || size < 1 || size > shorter)
    throw valueError('size', `an integer from 1 to ${shorter}`, size);
  if (!Number.isInteger(stride) || stride < 1) throw valueError('stride', 'an integer of 1 or more', stride);
  const rows = Math.floor((height - size) / stride) + 1;
  const columns = Math.floor((width - size) / stride) + 1;
  const { input } = ends(model);
  const first = tf.tidy(() => scoresOf(model, new Map([[input, batch]])).clone());
  const outputs = first.shape[1] ?? 1;
  const classes = classesOf(first, options.classes);
  const whole = await first.data();
  first.dispose();
  const values = new Float32Array(count * rows * columns);
  for (let image = 0; image < count; image++) {
    const label = classes[image] ?? 0;
    for (let start = 0; start < rows * columns; start += batchSize) {
      const places = Array.from({ length: Math.min(batchSize, rows * columns - start) }, (_, k) => start + k);
      const scores = tf.tidy(() => {
        const one = tf.slice(batch, [image, 0, 0, 0], [1, -1, -1, -1]);
        const fill = options.fill === undefined ? tf.mean(one, [1, 2], true) : tf.scalar(options.fill);
        const squares = tf.tensor4d(
          places.flatMap((place) =>
            square({
              height,
              width,
              size,
              top: Math.floor(place / columns) * stride,
              left: (place % columns) * stride,
            }),
          ),
          [places.length, height, width, 1],
        );
        const covered = tf.add(one, tf.mul(squares, tf.sub(fill, one)));
        return scoresOf(model, new Map([[input, covered]])).clone();
      });
      const found = await scores.data();
      scores.dispose();
      for (const [index, place] of places.entries()) {
        const own = whole[image * outputs + label] ?? 0;
        values[image * rows * columns + place] = own - (found[index * outputs + label] ?? 0);
      }
    }
  }
  return { values, shape: [count, rows, columns], classes };
}

/** 1 in the square, 0 around it; row by row. */
function square(at: {
  readonly height: number;
  readonly width: number;
  readonly size: number;
  readonly top: number;
  readonly left: number;
}): number[] {
  const { height, width, size, top, left } = at;
  return Array.from({ length: height * width }, (_, pixel) => {
    const [y, x] = [Math.floor(pixel / width), pixel % width];
    return y >= top && y < top + size && x >= left && x < left + size ? 1 : 0;
  });
}
