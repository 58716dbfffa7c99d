/**
 * Sees the sizes in a tar archive before the reader does, which trusts them: one that is no number, or records of an
 * extended header that are shorter than nothing, would keep it looking for ever.
 */
import { fileError } from '../base/errors.js';

const blockBytes = 512;
/** Where a header (POSIX ustar) has what is needed here. */
const at = { name: [0, 100], size: [124, 136], sum: [148, 156], type: 156 } as const;
/** Types of headers about the next entry: records of POSIX (x, g), long names of GNU (L, K). */
const records = new Set(['x', 'g']);
const longNames = new Set(['L', 'K']);
/** More is no name and no list of attributes. */
const largestExtendedHeader = 2 ** 22;

export class TarSizes {
  readonly #archive: string;
  /** Bytes of a header, or of an extended header's content, that came so far. */
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #wanted = blockBytes;
  /** The extended header whose content is being gathered. */
  #extended: string | undefined;
  /** Bytes of content that nothing is wanted of. */
  #skipped = 0;
  /** Size that an extended header states for the next entry. */
  #nextSize: number | undefined;
  /** The reader finds what comes damaged, and says so. */
  #damaged = false;

  constructor(archive: string) {
    this.#archive = archive;
  }

  /** @throws ConvoyError `CONVOY_DATA` at a size that is none. */
  see(chunk: Uint8Array): void {
    for (let offset = 0; offset < chunk.length && !this.#damaged; ) {
      if (this.#skipped > 0) {
        const skipped = Math.min(this.#skipped, chunk.length - offset);
        this.#skipped -= skipped;
        offset += skipped;
        continue;
      }
      const part = chunk.subarray(offset, offset + this.#wanted - this.#keptBytes);
      this.#kept.push(Buffer.from(part.buffer, part.byteOffset, part.length));
      this.#keptBytes += part.length;
      offset += part.length;
      if (this.#keptBytes < this.#wanted) {
        this.#kept = this.#kept.map((piece) => Buffer.from(piece)); // the chunk may be used again
        return;
      }
      const whole = Buffer.concat(this.#kept);
      this.#kept = [];
      this.#keptBytes = 0;
      this.#take(whole);
    }
  }

  #take(bytes: Buffer): void {
    const extended = this.#extended;
    if (extended === undefined) {
      this.#header(bytes);
      return;
    }
    if (records.has(extended)) this.#records(bytes);
    this.#extended = undefined;
    this.#wanted = blockBytes;
    this.#skipped = padding(bytes.length);
  }

  #header(block: Buffer): void {
    if (block.every((byte) => byte === 0)) return;
    const sum = block.reduce((total, byte, index) => total + (index >= at.sum[0] && index < at.sum[1] ? 32 : byte), 0);
    if (sum !== numberOf(block.subarray(...at.sum))) {
      this.#damaged = true;
      return;
    }
    const name = block.toString('utf8', ...at.name).replace(/\0.*$/s, '');
    const own = numberOf(block.subarray(...at.size));
    if (own === undefined) throw this.#refuse(name, 'a size', JSON.stringify(block.toString('latin1', ...at.size)));
    const type = String.fromCharCode(block[at.type] as number);
    if (records.has(type) || longNames.has(type)) {
      if (own > largestExtendedHeader)
        throw this.#refuse(name, `an extended header of at most ${largestExtendedHeader} bytes`, String(own));
      this.#extended = type;
      this.#wanted = own;
      if (own === 0) this.#take(Buffer.alloc(0));
      return;
    }
    const size = this.#nextSize ?? own;
    this.#nextSize = undefined;
    // A folder has no content, whatever its size says.
    const isFolder = type === '5' || ((type === '0' || type === '\0') && name.endsWith('/'));
    this.#skipped = isFolder ? 0 : size + padding(size);
  }

  /** Records `LENGTH KEY=VALUE\n` (POSIX pax); after the first that is none a reader stops. */
  #records(bytes: Buffer): void {
    for (let rest = bytes; rest.length > 0; ) {
      const [digits] = /^[^ ]*/.exec(rest.toString('latin1', 0, 32)) ?? [''];
      if (digits.replace(/\0+$/, '') === '') return;
      const length = /^\d+$/.test(digits) ? Number(digits) : 0;
      if (length <= digits.length || length > rest.length) {
        throw this.#refuse('extended header', 'the length of a record', JSON.stringify(digits));
      }
      const [key, value = ''] = rest.toString('utf8', digits.length + 1, length - 1).split('=', 2);
      if (key === 'size') {
        const size = /^\d+$/.test(value) ? Number(value) : NaN;
        if (!Number.isSafeInteger(size)) throw this.#refuse('extended header', 'a size', JSON.stringify(value));
        this.#nextSize = size;
      }
      rest = rest.subarray(length);
    }
  }

  #refuse(entry: string, expected: string, found: string) {
    return fileError('CONVOY_DATA', this.#archive, `entry ${entry}`, expected, found);
  }
}

/** Bytes up to the next block. */
function padding(size: number): number {
  return (blockBytes - (size % blockBytes)) % blockBytes;
}

/** A number of a header: octal digits, or for large ones base 256 after a byte of 0x80 (GNU); undefined if it is none. */
function numberOf(field: Buffer): number | undefined {
  if (((field[0] as number) & 0x80) !== 0) {
    if (field[0] !== 0x80) return undefined; // below zero
    const value = field.subarray(1).reduce((total, byte) => total * 256 + byte, 0);
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const text = field.toString('latin1').replace(/^[ \0]+|[ \0].*$/gs, '');
  if (text === '') return 0;
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : undefined;
}
