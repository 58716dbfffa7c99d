/** Parts of images: which pixels of a photograph are kept. */

/** Width and height in pixels. */
export interface PixelSize {
  readonly width: number;
  readonly height: number;
}

/** A part of an image, in whole pixels. */
export interface PixelBox extends PixelSize {
  readonly left: number;
  readonly top: number;
}

/** The largest central part of a photograph that has the target's proportions, or a share of each of its sides. */
export function centralPart({ width, height }: PixelSize, target: PixelSize, fraction = 1): PixelBox {
  const scale = Math.min(width / target.width, height / target.height) * fraction;
  const w = Math.min(width, Math.max(1, Math.round(target.width * scale)));
  const h = Math.min(height, Math.max(1, Math.round(target.height * scale)));
  return { left: Math.floor((width - w) / 2), top: Math.floor((height - h) / 2), width: w, height: h };
}
