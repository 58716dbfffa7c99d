/**
 * Size and EXIF orientation of a JPEG from its header: asking sharp costs a tenth of decoding a photograph.
 * ITU-T T.81 (markers) and CIPA DC-008 (EXIF).
 */

/** What a header says; `orientation` 1 is upright. */
export interface JpegHeader {
  readonly width: number;
  readonly height: number;
  readonly orientation: number;
  /** 1 grey, 3 colours, 4 CMYK. */
  readonly components: number;
  /**
   * True for a sequential Huffman-coded file of 8 bits without a colour profile that ends as it should: any decoder of
   * JPEG gives the pixels that sharp gives.
   */
  readonly plain: boolean;
}

const endOfImage = Buffer.of(0xff, 0xd9);
/** How a segment with a colour profile (ICC.1, annex B) begins. */
const profileMark = 'ICC_PROFILE\0';

/** Reads a header; undefined for anything but a plain one (other formats, damage), which sharp then judges. */
export function readJpegHeader(bytes: Buffer): JpegHeader | undefined {
  if (bytes.length < 4 || bytes.readUInt16BE(0) !== 0xffd8) return undefined;
  let orientation = 1;
  for (let at = 2; at + 9 < bytes.length; ) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1] as number;
    const length = bytes.readUInt16BE(at + 2);
    // Start of frame: C0 to CF but the tables C4, C8, CC.
    if (marker >= 0xc0 && marker <= 0xcf && (marker === 0xc0 || marker % 4 !== 0)) return frame(bytes, at, orientation);
    if (marker === 0xda || marker === 0xd9 || length < 2) return undefined;
    if (marker === 0xe1) orientation = readOrientation(bytes.subarray(at + 4, at + 2 + length)) ?? orientation;
    at += 2 + length;
  }
  return undefined;
}

function frame(bytes: Buffer, at: number, orientation: number): JpegHeader | undefined {
  const marker = bytes[at + 1] as number;
  const height = bytes.readUInt16BE(at + 5);
  const width = bytes.readUInt16BE(at + 7);
  if (width === 0 || height === 0) return undefined;
  const sequential = marker === 0xc0 || marker === 0xc1; // C9 and up: arithmetic coding
  const whole = bytes.lastIndexOf(endOfImage) > at; // an EXIF preview's own end lies before
  const plain = sequential && bytes[at + 4] === 8 && whole && !bytes.includes(profileMark, 0, 'latin1');
  return { width, height, orientation, components: bytes[at + 9] ?? 0, plain };
}

/** Tag 0x0112 of the first directory of an EXIF segment. */
function readOrientation(segment: Buffer): number | undefined {
  if (segment.length < 14 || segment.toString('latin1', 0, 6) !== 'Exif\0\0') return undefined;
  const tiff = segment.subarray(6);
  const little = tiff.toString('latin1', 0, 2) === 'II';
  const word = (at: number): number =>
    at + 2 > tiff.length ? 0 : little ? tiff.readUInt16LE(at) : tiff.readUInt16BE(at);
  const directory = little ? tiff.readUInt32LE(4) : tiff.readUInt32BE(4);
  const entries = word(directory);
  for (let entry = 0; entry < entries; entry++) {
    const at = directory + 2 + 12 * entry;
    if (word(at) === 0x0112) return word(at + 8);
  }
  return undefined;
}
