/**
 * GIFs without transparency (GIF89a, sections 18 to 23). libvips paints transparent pixels black; Pillow keeps their
 * colour. Without the transparency's flag libvips keeps it too. Pixels that the first frame does not cover stay black: they
 * are filled as by Pillow, with the transparent colour, or with the first one where none is.
 */
import type { Sharp } from 'sharp';
import sharp from 'sharp';
import type { PixelBox } from '../contracts/index.js';

/** A GIF whose first frame has no transparent colour. */
export interface OpaqueGif {
  readonly bytes: Buffer;
  /** Where the first frame is on the canvas. */
  readonly frame: PixelBox;
  /** Red, green and blue of the canvas beside it. */
  readonly beside: readonly [number, number, number];
}

const extension = 0x21;
const graphicControl = 0xf9;
const imageDescriptor = 0x2c;

/** Bytes of the colour table that a packed field announces; 0 without one. */
const tableBytes = (packed: number): number => ((packed & 0x80) === 0 ? 0 : 3 * 2 ** (1 + (packed & 7)));

/** Takes the transparency out of the first frame; undefined for a damaged file, which the decoder then refuses. */
export function opaqueGif(encoded: Buffer): OpaqueGif | undefined {
  const bytes = Buffer.from(encoded);
  const globalTable = 13;
  let transparent = 0;
  for (let at = globalTable + tableBytes(bytes[10] ?? 0); at + 10 < bytes.length; ) {
    if (bytes[at] === imageDescriptor) {
      const [left, top, width, height] = [1, 3, 5, 7].map((offset) => bytes.readUInt16LE(at + offset));
      const local = tableBytes(bytes[at + 9] as number);
      const hasTable = local > 0 || tableBytes(bytes[10] as number) > 0;
      const table = (local > 0 ? at + 10 : globalTable) + 3 * transparent;
      const level = (channel: number): number => (hasTable ? (bytes[table + channel] ?? 0) : transparent);
      return {
        bytes,
        frame: { left: left as number, top: top as number, width: width as number, height: height as number },
        beside: [level(0), level(1), level(2)],
      };
    }
    if (bytes[at] !== extension) return undefined;
    if (bytes[at + 1] === graphicControl && ((bytes[at + 3] as number) & 1) === 1) {
      bytes[at + 3] = (bytes[at + 3] as number) & ~1;
      transparent = bytes[at + 6] as number;
    }
    at += 2;
    while ((bytes[at] ?? 0) > 0) at += 1 + (bytes[at] as number);
    at += 1;
  }
  return undefined;
}

/** The picture with the canvas beside its frame filled. */
export async function fillBeside(image: Sharp, { frame, beside }: OpaqueGif): Promise<Sharp> {
  const { data, info } = await image
    .removeAlpha()
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true });
  for (let y = 0, at = 0; y < info.height; y++) {
    for (let x = 0; x < info.width; x++, at += 3) {
      const inside = x >= frame.left && x < frame.left + frame.width && y >= frame.top && y < frame.top + frame.height;
      if (!inside) data.set(beside, at);
    }
  }
  return sharp(data, { raw: info });
}
