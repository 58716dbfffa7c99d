import sharp from 'sharp';
import type { Picture } from '../base/picture.js';

/** Columns of a picture: six pictures and the gaps between them fit into 80. */
const side = 12;

/**
 * Pictures beside each other as characters for a terminal of 16 million colours: the upper half block has the upper pixel's
 * colour, its ground that of the pixel below.
 *
 * @returns a line for each two rows of pixels, then one with the labels.
 */
export async function halfBlocks(pictures: readonly Picture[]): Promise<string[]> {
  const small = await Promise.all(
    pictures.map(({ pixels, width, height, channels }) =>
      sharp(pixels, { raw: { width, height, channels: channels === 1 ? 1 : 3 } })
        .resize(side, side, { fit: 'fill' })
        .toColourspace('srgb')
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true }),
    ),
  );
  const lines = Array.from({ length: side / 2 }, (_, line) =>
    small
      .map(({ data, info }) => {
        const color = (row: number, column: number): string => {
          const at = (row * side + column) * info.channels;
          const [red = 0, green = red, blue = red] = data.subarray(at, at + info.channels);
          return `${red};${green};${blue}`;
        };
        const cells = Array.from(
          { length: side },
          (_, column) => `\u001b[38;2;${color(2 * line, column)}m\u001b[48;2;${color(2 * line + 1, column)}m▀`,
        );
        return `${cells.join('')}\u001b[0m`;
      })
      .join(' '),
  );
  const labels = pictures.map(({ label = '' }) => printable(label).slice(0, side).padEnd(side)).join(' ');
  return [...lines, labels];
}

/** A terminal would obey control characters in a name. */
function printable(text: string): string {
  return text.replaceAll(/\p{Cc}/gu, '·');
}
