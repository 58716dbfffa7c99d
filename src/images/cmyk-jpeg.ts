/**
 * CMYK JPEGs without Adobe's marker. Adobe's programs store inks inverted and say so by their marker (libjpeg.txt,
 * "CMYK"); without it values are inks as they are. libvips inverts in either case, which makes such an image its negative:
 * here its inks are taken out, inverted back, and given to libvips again as a TIFF, whose inks it takes as they are.
 */
import sharp from 'sharp';

const startOfScan = 0xda;
const adobeSegment = 0xee;

/** True for a JPEG with four components and no marker of Adobe's. */
export function hasPlainInks(bytes: Buffer, components: number): boolean {
  if (components !== 4) return false;
  for (let at = 2; at + 4 <= bytes.length; at += 2 + bytes.readUInt16BE(at + 2)) {
    const marker = bytes[at + 1];
    if (bytes[at] !== 0xff || marker === startOfScan) return true;
    if (marker === adobeSegment && bytes.toString('latin1', at + 4, at + 9) === 'Adobe') return false;
  }
  return true;
}

const short = 3;
const long = 4;
const undefinedType = 7;

/** An uncompressed TIFF (6.0, section 16) of the image's inks, with its colour profile where it has one. */
export async function inksAsTiff(bytes: Buffer, limitInputPixels: number): Promise<Buffer> {
  const image = sharp(bytes, { failOn: 'error', limitInputPixels }).pipelineColourspace('cmyk');
  const { icc, orientation = 1 } = await image.metadata();
  const { data, info } = await image.toColourspace('cmyk').raw().toBuffer({ resolveWithObject: true });
  if (info.channels !== 4) throw new RangeError(`${info.channels} inks`);
  for (let i = 0; i < data.length; i++) data[i] = 255 - (data[i] as number);
  const fields: (readonly [tag: number, type: number, count: number, value: number])[] = [];
  const profile = icc ?? Buffer.alloc(0);
  const bitsAt = 8 + 2 + 12 * (profile.length > 0 ? 12 : 11) + 4;
  const profileAt = bitsAt + 8;
  const pixelsAt = profileAt + profile.length + (profile.length % 2);
  fields.push([256, long, 1, info.width], [257, long, 1, info.height], [258, short, 4, bitsAt], [259, short, 1, 1]);
  fields.push([262, short, 1, 5], [273, long, 1, pixelsAt], [274, short, 1, orientation], [277, short, 1, 4]);
  fields.push([278, long, 1, info.height], [279, long, 1, data.length], [332, short, 1, 1]);
  if (profile.length > 0) fields.push([34_675, undefinedType, profile.length, profileAt]);
  const header = Buffer.alloc(pixelsAt);
  let at = header.write('II*\0', 'latin1');
  at = header.writeUInt32LE(8, at);
  at = header.writeUInt16LE(fields.length, at);
  for (const [tag, type, count, value] of fields) {
    at = header.writeUInt16LE(tag, at);
    at = header.writeUInt16LE(type, at);
    at = header.writeUInt32LE(count, at);
    at = header.writeUInt32LE(value, at);
  }
  for (let ink = 0; ink < 4; ink++) header.writeUInt16LE(8, bitsAt + 2 * ink);
  profile.copy(header, profileAt);
  return Buffer.concat([header, data]);
}
