/** A part of a mask, in whole pixels. */
interface MaskPart {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * A part of a mask at another size: each pixel is the one below its centre.
 *
 * @param width of the mask, which goes row by row.
 * @param into [height, width] of `size`.
 */
export function resizeMask(
  mask: Uint8Array,
  width: number,
  part: MaskPart,
  size: { readonly height: number; readonly width: number },
  into: Uint8Array,
): void {
  for (let y = 0; y < size.height; y++) {
    const row = part.top + Math.floor(((y + 0.5) * part.height) / size.height);
    for (let x = 0; x < size.width; x++) {
      const column = part.left + Math.floor(((x + 0.5) * part.width) / size.width);
      into[y * size.width + x] = mask[row * width + column] as number;
    }
  }
}
