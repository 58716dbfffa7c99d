import { escaped, wellFormed } from './chart.js';

const fontSize = 13;
/** Width of a letter, in parts of its font's size. */
const letterWidth = 0.6;
const padding = 3;

/** A text at the left upper corner of a box, on the box's colour. */
export interface BoxLabel {
  readonly box: readonly [number, number, number, number];
  readonly colour: readonly [number, number, number];
  readonly text: string;
}

/** Labels of boxes as SVG to lay over an image: above the box, or inside of it where there is no room. */
export function boxLabels(
  { height, width }: { readonly height: number; readonly width: number },
  labels: readonly BoxLabel[],
): string {
  const parts = labels.map(({ box: [left, top], colour, text }) => {
    const wide = Math.ceil([...text].length * fontSize * letterWidth) + 2 * padding;
    const tall = fontSize + 2 * padding;
    const x = Math.max(0, Math.min(Math.round(left), width - wide));
    const y = Math.round(top) >= tall ? Math.round(top) - tall : Math.max(0, Math.round(top));
    // Black on light colours, white on dark ones, by the luma of Rec. 601.
    const luma = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2];
    const ink = luma > 128 ? '#000' : '#fff';
    return (
      `<rect x="${x}" y="${y}" width="${wide}" height="${tall}" fill="rgb(${colour.join(',')})"/>` +
      `<text x="${x + padding}" y="${y + fontSize}" font-family="sans-serif" font-size="${fontSize}" fill="${ink}">${escaped(text)}</text>`
    );
  });
  return wellFormed(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${parts.join('')}</svg>`,
  );
}
