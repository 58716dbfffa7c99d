/**
 * Convolutions over mosaics: images stacked in one column with a mirrored margin around each, one call of sharp for all.
 */
import sharp, { type Sharp } from 'sharp';
import type { ImageShape } from '../../src/contracts/index.js';
import type { Convolution } from '../steps/index.js';

/** The chain of sharp for a convolution, and how many pixels around an image it reads. */
function chainOf(convolution: Convolution): { reach: number; apply: (image: Sharp) => Sharp } {
  if (convolution.kind === 'kernel') {
    const { kernel } = convolution;
    return { reach: 1, apply: (image) => image.convolve({ width: 3, height: 3, kernel: [...kernel], scale: 1 }) };
  }
  // libvips ends the kernel where it falls under `minAmplitude`: at 0.01 that is 3.03 standard deviations.
  const options = { sigma: Math.max(0.3, convolution.sigma), precision: 'float', minAmplitude: 0.01 } as const;
  const reach = Math.ceil(3.04 * options.sigma) + 1;
  return { reach, apply: (image) => (convolution.sigma < 0.3 ? image : image.blur(options)) };
}

/** Index of a pixel mirrored at the borders, the border pixel itself not repeated (torchvision's `reflect`). */
function reflect(index: number, size: number): number {
  if (size === 1) return 0;
  const period = 2 * (size - 1);
  const wrapped = ((index % period) + period) % period;
  return wrapped < size ? wrapped : period - wrapped;
}

/**
 * Convolves `starts.length` images in place, each at byte `starts[i]` of `pixels`, in one call of sharp. A kernel of 3x3
 * leaves the outermost pixels as they are, as torchvision does.
 */
export async function convolveMosaic(
  convolution: Convolution,
  shape: ImageShape,
  pixels: Uint8Array,
  starts: ArrayLike<number>,
): Promise<void> {
  const { width, height, channels } = shape;
  const { reach, apply } = chainOf(convolution);
  const wide = width + 2 * reach;
  const high = height + 2 * reach;
  const count = starts.length;
  const canvas = Buffer.alloc(wide * high * count * channels);
  const rowBytes = width * channels;
  for (let tile = 0; tile < count; tile++) {
    const start = starts[tile] as number;
    for (let y = 0; y < high; y++) {
      const source = start + reflect(y - reach, height) * rowBytes;
      const row = (tile * high + y) * wide * channels;
      canvas.set(pixels.subarray(source, source + rowBytes), row + reach * channels);
      for (let x = 0; x < reach; x++) {
        const left = source + reflect(x - reach, width) * channels;
        const right = source + reflect(width + x, width) * channels;
        for (let c = 0; c < channels; c++) {
          canvas[row + x * channels + c] = pixels[left + c] as number;
          canvas[row + (reach + width + x) * channels + c] = pixels[right + c] as number;
        }
      }
    }
  }
  const raw = { width: wide, height: high * count, channels: channels === 1 ? 1 : 3 } as const;
  const data = await apply(sharp(canvas, { raw }))
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .raw()
    .toBuffer();
  const inset = convolution.kind === 'kernel' ? 1 : 0;
  for (let tile = 0; tile < count; tile++) {
    const start = starts[tile] as number;
    for (let y = inset; y < height - inset; y++) {
      const row = ((tile * high + y + reach) * wide + reach) * channels;
      const from = row + inset * channels;
      const to = row + (width - inset) * channels;
      if (to > from) pixels.set(data.subarray(from, to), start + y * rowBytes + inset * channels);
    }
  }
}
