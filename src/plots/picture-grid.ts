import sharp, { type OverlayOptions } from 'sharp';
import { scaleColor } from '../base/color-scale.js';
import { valueError } from '../base/errors.js';
import type { Picture } from '../base/picture.js';
import { escaped, ink, wellFormed } from './chart.js';

export interface PictureGridOptions {
  readonly title: string;
  /** Lines under the title: what the pictures are, what their shades mean. */
  readonly captions?: readonly string[];
  /** Pictures in a row; by default so many that the grid fits a projector. */
  readonly columns?: number;
  /** Colours of the values in the pictures, with what the ends stand for. */
  readonly scale?: { readonly low: string; readonly high: string; readonly twoSided?: boolean } | undefined;
  /** Pixels of the longer side of a picture, about: small ones are enlarged by a whole factor, large ones made smaller. */
  readonly side?: number;
}

const gap = 8;
const margin = 16;
const fonts = { title: 18, caption: 13, label: 12 } as const;
/** Width of a letter, in parts of its font's size. */
const letterWidth = 0.58;
/** A longer title or caption is cut. */
const longestText = 1200;
/** Pixels of the bar that shows the colours. */
const scaleBar = 200;
/** Width of most projectors by their height. */
const aspect = 16 / 9;

/**
 * Pictures of one size in rows as a PNG on white, with a title, captions and a label below each.
 *
 * @throws ConvoyError `CONVOY_OPTION` without a picture, or for columns or a side below 1.
 */
export async function pictureGrid(pictures: readonly Picture[], options: PictureGridOptions): Promise<Buffer> {
  const [first] = pictures;
  if (first === undefined) throw valueError('pictures', 'a picture or more', pictures);
  const { title, captions = [], side = 96, scale } = options;
  const factor = side / Math.max(first.width, first.height);
  const zoom = factor >= 1 ? Math.round(factor) : factor;
  const width = Math.max(1, Math.round(first.width * zoom));
  const height = Math.max(1, Math.round(first.height * zoom));
  const labelled = pictures.some(({ label }) => label !== undefined);
  const pitch = { x: width + gap, y: height + gap + (labelled ? fonts.label + 4 : 0) };
  const columns = options.columns ?? columnsOf(pictures.length, pitch);
  for (const [name, value] of Object.entries({ side, columns })) {
    if (!Number.isInteger(value) || value < 1) throw valueError(name, 'an integer of 1 or more', value);
  }
  const scaleTop = margin + fonts.title + 6 + captions.length * (fonts.caption + 6) + 8;
  const top = scaleTop + (scale === undefined ? 0 : fonts.caption + 14);
  const plain = 2 * margin - gap + Math.min(columns, pictures.length) * pitch.x;
  const size = {
    width: Math.max(
      plain,
      textWidth(title, fonts.title),
      ...captions.map((caption) => textWidth(caption, fonts.caption)),
      ...(scale === undefined
        ? []
        : [scaleBar + 2 * Math.max(textWidth(scale.low, fonts.caption), textWidth(scale.high, fonts.caption))]),
    ),
    height: top + Math.ceil(pictures.length / columns) * pitch.y + margin - gap,
  };
  const left = Math.floor((size.width - plain) / 2) + margin;
  const places = pictures.map((_, index) => ({
    left: left + (index % columns) * pitch.x,
    top: top + Math.floor(index / columns) * pitch.y,
  }));
  const cells = pictures.map(async (picture, index): Promise<OverlayOptions> => {
    const { pixels, channels } = picture;
    const raw = { width: picture.width, height: picture.height, channels: channels === 1 ? 1 : 3 } as const;
    const kernel = zoom > 1 ? 'nearest' : 'lanczos3';
    const input = await sharp(pixels, { raw }).resize(width, height, { kernel, fit: 'fill' }).png().toBuffer();
    return { input, ...(places[index] ?? { left: 0, top: 0 }) };
  });
  const middle = size.width / 2;
  const texts = [
    textAt(middle, margin + fonts.title - 4, title, { size: fonts.title, width: size.width - margin, bold: true }),
    ...captions.map((caption, line) => {
      const y = margin + fonts.title + 6 + (line + 1) * (fonts.caption + 6) - 6;
      return textAt(middle, y, caption, { size: fonts.caption, width: size.width - margin });
    }),
    ...(scale === undefined ? [] : [scaleAt(middle, scaleTop, scale)]),
    ...pictures.map(({ label = '' }, index) => {
      const at = places[index] ?? { left: 0, top: 0 };
      const room = { size: fonts.label, width: width + gap - 2 };
      return textAt(at.left + width / 2, at.top + height + fonts.label + 1, label, room);
    }),
  ];
  const overlay = `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}">${texts.join('')}</svg>`;
  return sharp({ create: { ...size, channels: 3, background: '#fff' } })
    .composite([...(await Promise.all(cells)), { input: Buffer.from(wellFormed(overlay)), left: 0, top: 0 }])
    .removeAlpha()
    .png()
    .toBuffer();
}

function columnsOf(count: number, pitch: { readonly x: number; readonly y: number }): number {
  return Math.min(count, Math.ceil(Math.sqrt((count * aspect * pitch.y) / pitch.x)));
}

/** Pixels of a title or caption, with the margins. */
function textWidth(text: string, size: number): number {
  return Math.min(longestText, Math.ceil([...text].length * size * letterWidth) + 2 * margin);
}

/** A bar of the colours around `x`, with a text at either end. */
function scaleAt(x: number, y: number, { low, high, twoSided }: NonNullable<PictureGridOptions['scale']>): string {
  const parts = 50;
  const width = scaleBar / parts;
  const cells = Array.from({ length: parts }, (_, part) => {
    const color = scaleColor(part / (parts - 1), twoSided).join(',');
    return `<rect x="${x - scaleBar / 2 + part * width}" y="${y}" width="${width + 0.5}" height="${fonts.caption}" fill="rgb(${color})"/>`;
  });
  const text = (at: number, anchor: string, words: string): string =>
    `<text x="${at}" y="${y + fonts.caption - 2}" text-anchor="${anchor}" fill="${ink.text}" font-family="sans-serif" font-size="${fonts.caption}">${escaped(words)}</text>`;
  return [...cells, text(x - scaleBar / 2 - 6, 'end', low), text(x + scaleBar / 2 + 6, 'start', high)].join('');
}

interface Room {
  readonly size: number;
  readonly width: number;
  readonly bold?: boolean;
}

/** A text around `x`, cut where it is wider than the room. */
function textAt(x: number, y: number, text: string, { size, width, bold = false }: Room): string {
  const longest = Math.max(1, Math.floor(width / (size * letterWidth)));
  const letters = [...text];
  const shown = letters.length > longest ? `${letters.slice(0, longest - 1).join('')}…` : text;
  const look = `font-family="sans-serif" font-size="${size}"${bold ? ' font-weight="bold"' : ''}`;
  return `<text x="${x}" y="${y}" text-anchor="middle" fill="${ink.text}" ${look}>${escaped(shown)}</text>`;
}
