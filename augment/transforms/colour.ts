/**
 * Values of pixels changed in place: byte tables and short loops, in the integer arithmetic of torchvision's uint8
 * tensors (`torchvision/transforms/v2/functional/_color.py`), so results are the same bytes.
 */
import type { ImagePlace } from '../steps/index.js';

/** A value as a byte: cut to 0..255, the fraction dropped. */
export const clampByte = (value: number): number => (value <= 0 ? 0 : value >= 255 ? 255 : Math.trunc(value));

/** Luma of ITU-R 601 as torchvision has it. */
export const luma = (r: number, g: number, b: number): number =>
  Math.floor(Math.fround(0.2989 * r + 0.587 * g + 0.114 * b));

/** The byte behind the last of an image. */
export const endOf = ({ start, shape: { width, height, channels } }: ImagePlace): number =>
  start + width * height * channels;

const table = new Uint8Array(256);

/** Replaces each value x of an image by `value(x)`. */
export function mapValues(image: ImagePlace, value: (x: number) => number): void {
  mapChannel(image, 0, 1, value);
}

/** Replaces each value x from channel `first` on, `step` values apart, by `value(x)`. */
export function mapChannel(image: ImagePlace, first: number, step: number, value: (x: number) => number): void {
  const { pixels, start } = image;
  const end = endOf(image);
  for (let x = 0; x < 256; x++) table[x] = value(x);
  for (let i = start + first; i < end; i += step) pixels[i] = table[pixels[i] as number] as number;
}

/** Blends a colour image with its greys: 0 is grey, 1 the image. Grey images stay as they are. */
export function blendWithGrey(image: ImagePlace, amount: number): void {
  const { pixels, start, shape } = image;
  if (shape.channels !== 3) return;
  const end = endOf(image);
  const rest = 1 - amount;
  for (let i = start; i < end; i += 3) {
    const r = pixels[i] as number;
    const g = pixels[i + 1] as number;
    const b = pixels[i + 2] as number;
    const grey = luma(r, g, b) * rest;
    pixels[i] = clampByte(Math.fround(r * amount + grey));
    pixels[i + 1] = clampByte(Math.fround(g * amount + grey));
    pixels[i + 2] = clampByte(Math.fround(b * amount + grey));
  }
}
