/** A box to draw, `xyxy`, and its colour: red, green, blue from 0 to 255. */
export interface ColouredBox {
  readonly box: readonly [number, number, number, number];
  readonly colour: readonly [number, number, number];
}

/**
 * An image with lines around boxes, one pixel wide by default, that lie inside of the boxes.
 *
 * @param pixels [height, width, channels] of 1 or 3 channels, 0 to 255.
 * @returns [height, width, 3].
 */
export function outlineBoxes(
  pixels: ArrayLike<number>,
  { height, width, channels }: { readonly height: number; readonly width: number; readonly channels: number },
  boxes: readonly ColouredBox[],
  line = 1,
): Uint8Array<ArrayBuffer> {
  const result = Uint8Array.from({ length: height * width * 3 }, (_, at) => {
    const channel = Math.min(at % 3, channels - 1);
    return pixels[Math.floor(at / 3) * channels + channel] as number;
  });
  const within = (value: number, most: number): number => Math.min(most, Math.max(0, Math.round(value)));
  for (const { box, colour } of boxes) {
    const [left, right] = [within(box[0], width), within(box[2], width)];
    const [top, bottom] = [within(box[1], height), within(box[3], height)];
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        const edge = Math.min(x - left, right - 1 - x, y - top, bottom - 1 - y);
        if (edge < line) result.set(colour, (y * width + x) * 3);
      }
    }
  }
  return result;
}
