/**
 * Portable pixmaps and graymaps (netpbm's PPM and PGM, binary and plain; the formats' pages of netpbm): a header of
 * magic, width, height and largest value, then the values. libvips as sharp ships it does not read them.
 */
import { BadImageError } from './bad-image.js';

/** Decoded pixels, 8 bits a channel. */
export interface PlainPixels {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

const isSpace = (byte: number | undefined): boolean => byte !== undefined && (byte === 32 || (byte >= 9 && byte <= 13));

/** Reads numbers between white space and comments. */
class NumberReader {
  readonly #bytes: Uint8Array;
  at = 2;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  next(what: string): number {
    const bytes = this.#bytes;
    while (isSpace(bytes[this.at]) || bytes[this.at] === 35) {
      if (bytes[this.at] === 35) while (this.at < bytes.length && bytes[this.at] !== 10) this.at++;
      else this.at++;
    }
    let value = 0;
    let digits = 0;
    for (; (bytes[this.at] ?? 0) >= 48 && (bytes[this.at] ?? 0) <= 57 && digits < 10; this.at++, digits++) {
      value = value * 10 + ((bytes[this.at] as number) - 48);
    }
    if (digits === 0) throw new BadImageError(`${what} of a pixmap`, 'none (cut short?)');
    return value;
  }
}

/** Size and channels from the header; `at` is the byte after it. */
export function readPnmHeader(bytes: Uint8Array): {
  readonly width: number;
  readonly height: number;
  readonly largest: number;
  readonly channels: 1 | 3;
  readonly plain: boolean;
  readonly at: number;
} {
  const kind = (bytes[1] as number) - 48;
  const reader = new NumberReader(bytes);
  const width = reader.next('a width');
  const height = reader.next('a height');
  const largest = reader.next('a largest value');
  if (width === 0 || height === 0 || largest === 0 || largest > 65_535) {
    throw new BadImageError('a pixmap of at least one pixel with values up to 65535', `${width}x${height}, ${largest}`);
  }
  return { width, height, largest, channels: kind % 3 === 0 ? 3 : 1, plain: kind <= 3, at: reader.at };
}

/**
 * Decodes a pixmap; values are scaled from its largest one to 255 and rounded (16 bits: the high byte is kept, as of other
 * formats).
 *
 * @throws BadImageError when it is damaged or cut short.
 */
export function decodePnm(bytes: Uint8Array): PlainPixels {
  const { width, height, largest, channels, plain, at } = readPnmHeader(bytes);
  const count = width * height * channels;
  const data = new Uint8Array(count);
  const scaled = (value: number): number =>
    largest === 255 ? value : largest === 65_535 ? value >> 8 : Math.round((Math.min(value, largest) * 255) / largest);
  if (plain) {
    const reader = new NumberReader(bytes);
    reader.at = at;
    for (let i = 0; i < count; i++) data[i] = scaled(reader.next('a value'));
    return { width, height, channels, data };
  }
  const wide = largest > 255;
  const start = at + 1; // one white space ends the header
  const needed = count * (wide ? 2 : 1);
  if (bytes.length - start < needed) {
    throw new BadImageError(`${needed} bytes of pixels`, `the end after ${Math.max(0, bytes.length - start)}`);
  }
  for (let i = 0; i < count; i++) {
    const value = wide
      ? ((bytes[start + 2 * i] as number) << 8) | (bytes[start + 2 * i + 1] as number)
      : (bytes[start + i] as number);
    data[i] = scaled(value);
  }
  return { width, height, channels, data };
}
