import { vocColours } from './colours.js';

/** Share of the colour inside of a region; its border is the colour alone. */
const strength = 0.45;

/**
 * An image with its mask upon it, in the colours of Pascal VOC: class 0 stays as the image is, pixels of no class (255) turn
 * light.
 *
 * @param pixels [height, width, channels] of 1 or 3 channels, 0 to 255.
 * @param mask class of each pixel, [height, width].
 * @returns [height, width, 3].
 */
export function overlayMask(
  pixels: ArrayLike<number>,
  mask: ArrayLike<number>,
  { height, width, channels }: { readonly height: number; readonly width: number; readonly channels: number },
): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(height * width * 3);
  const at = (y: number, x: number): number =>
    y < 0 || x < 0 || y >= height || x >= width ? -1 : (mask[y * width + x] as number);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const label = at(y, x);
      const inside = [at(y - 1, x), at(y + 1, x), at(y, x - 1), at(y, x + 1)].every(
        (other) => other === label || other === -1,
      );
      const share = label === 0 ? 0 : inside ? strength : 1;
      const pixel = y * width + x;
      for (let channel = 0; channel < 3; channel++) {
        const level = pixels[pixel * channels + Math.min(channel, channels - 1)] as number;
        const colour = vocColours[label * 3 + channel] as number;
        result[pixel * 3 + channel] = Math.round(level + share * (colour - level));
      }
    }
  }
  return result;
}
