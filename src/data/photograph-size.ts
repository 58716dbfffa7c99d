import type { PixelSize } from '../contracts/index.js';

/** Size that photographs are brought to unless another is given: what networks for ImageNet take. */
export const photograph: PixelSize = { height: 224, width: 224 };

const inWords = ({ height, width }: PixelSize): string => `${height}x${width}`;

/** The note for small images that have several sizes. */
export function severalSizesNote(size: PixelSize, other: PixelSize): string {
  return (
    `images have several sizes (${inWords(size)} and ${inWords(other)} among them), so all are brought to ` +
    `${inWords(photograph)}; --image-size chooses another size`
  );
}
