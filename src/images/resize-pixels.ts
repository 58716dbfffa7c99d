import { centralPart, type ImageShape, type PixelBox } from '../contracts/index.js';
import { decodeImage, shrinkage } from './decode.js';
import { canResize, type Picture, resizePicture } from './resize.js';

const picture = ({ height, width, channels }: ImageShape): Picture => ({
  height,
  width,
  channels: channels === 1 ? 1 : 3,
});

/**
 * Brings pixels in memory to another size, the same as `decodeImage` makes of them in a lossless file.
 *
 * @param pixels an image of `from`, 1 or 3 channels, channels last; `shape` has as many.
 */
export async function resizePixels(
  pixels: Uint8Array,
  from: ImageShape,
  shape: ImageShape,
  into: Uint8Array,
): Promise<void> {
  const box = centralPart(from, shape);
  if (shrinkage(box, shape) < 2 && canResize(box, picture(shape))) {
    // Without the way through sharp, which costs ten times as much for small images.
    resizePicture(
      cut(pixels, from, box),
      { ...picture(from), width: box.width, height: box.height },
      picture(shape),
      into,
    );
    return;
  }
  const header = `${from.channels === 1 ? 'P5' : 'P6'} ${from.width} ${from.height} 255\n`;
  await decodeImage(Buffer.concat([Buffer.from(header), pixels]), shape, into);
}

function cut(pixels: Uint8Array, { width, height, channels }: ImageShape, box: PixelBox): Uint8Array {
  if (box.width === width && box.height === height) return pixels;
  const part = new Uint8Array(box.width * box.height * channels);
  for (let row = 0; row < box.height; row++) {
    const start = ((box.top + row) * width + box.left) * channels;
    part.set(pixels.subarray(start, start + box.width * channels), row * box.width * channels);
  }
  return part;
}
