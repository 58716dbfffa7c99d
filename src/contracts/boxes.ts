/** Share of an object's box that has to be left inside of the image for the object to be kept. */
export const leastBoxShare = 0.25;
/** Width and height that a box has to keep, pixels. */
const leastSide = 1;

/**
 * Whether a box that a crop or a transform has cut stays: an object with a quarter of its box and a pixel of width and height, a
 * region to ignore with the latter alone.
 *
 * @param whole area of the box as if nothing had been cut away, square pixels.
 */
export function boxStays(
  { width, height }: { readonly width: number; readonly height: number },
  whole: number,
  ignored: boolean,
): boolean {
  if (width < leastSide || height < leastSide) return false;
  return ignored || width * height >= leastBoxShare * whole;
}
