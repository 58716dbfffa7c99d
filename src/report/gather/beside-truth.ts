import type { Picture } from '../../base/picture.js';
import { imageBytes } from '../../contracts/index.js';
import type { Runtime } from '../../runtime/index.js';
import { testPixels } from '../../tools/index.js';

/**
 * Test images twice: what is true of them at the left, what the network says at the right.
 *
 * @param draw two pictures of a sample, [height, width, 3], from its pixels.
 */
export async function besideTruth(
  runtime: Runtime,
  samples: readonly number[],
  draw: (sample: number, pixels: Uint8Array, place: number) => readonly Uint8Array[],
): Promise<Picture[]> {
  const { shape } = runtime.datasets.test;
  const { height, width } = shape;
  const bytes = imageBytes(shape);
  const pixels = await testPixels(runtime, Uint32Array.from(samples));
  return samples.map((sample, place) => {
    const [left, right] = draw(sample, pixels.subarray(place * bytes, (place + 1) * bytes), place);
    if (left === undefined || right === undefined) throw new TypeError('two pictures');
    const both = new Uint8Array(2 * width * height * 3);
    for (let y = 0; y < height; y++) {
      both.set(left.subarray(y * width * 3, (y + 1) * width * 3), y * 2 * width * 3);
      both.set(right.subarray(y * width * 3, (y + 1) * width * 3), (y * 2 + 1) * width * 3);
    }
    return { height, width: 2 * width, channels: 3, pixels: both, label: '' };
  });
}
