/**
 * The form of packed files. All numbers are little-endian:
 *
 * - 12 bytes: the magic;
 * - images of split after split: pixels, or encoded images, behind each other;
 * - for each split a table: targets (int32 classes, float32 rows, or uint8 masks), then of pixels a CRC-32 (uint32) for each block of images;
 *   of encoded images first byte (float64), bytes (uint32) and CRC-32 (uint32) of each, column after column, and uint32 numbers of
 *   files where the images lie in other files;
 * - the header, JSON, with place and CRC-32 of each table;
 * - 64 bytes: place and length of the header (uint64), its SHA-256, zeros, the magic.
 *
 * The SHA-256 covers the whole file: the header has checksums of the tables, and these of the images.
 */
import { z } from 'zod';

export const magic = Buffer.from('convoypack1\n');
export const trailerBytes = 64;
/** Of a SHA-256. */
export const digestBytes = 32;
/** Offsets in the trailer. */
export const trailerPlaces = {
  headerOffset: 0,
  headerLength: 8,
  digest: 16,
  magic: trailerBytes - magic.length,
} as const;

const whole = z.int().nonnegative();
const side = z.int().positive().max(4096);

/** A part of the file with its checksum. */
const partSchema = z.strictObject({ offset: whole, length: whole, crc32: whole });

const splitSchema = z.strictObject({
  split: z.enum(['train', 'test', 'validation']),
  count: whole,
  store: z.enum(['pixels', 'images']),
  /** Of the dataset it was made of: the file stands for the same data. */
  /** Rows of boxes that an image has, where targets are those. */
  boxes: z.int().min(1).max(65_536).optional(),
  fingerprint: z.string(),
  /** First byte of the images. */
  images: whole,
  table: partSchema,
});

/** The header. */
export const headerSchema = z.strictObject({
  name: z.string(),
  classes: z.array(z.string()),
  targets: z.enum(['classes', 'multi-label', 'masks', 'boxes', 'pixels']),
  /** Of pixels; what encoded images are brought to. */
  shape: z.strictObject({ height: side, width: side, channels: z.int().min(1).max(4) }),
  /** Images of a block with one checksum; of pixels alone. */
  blockImages: z.int().positive(),
  splits: z.array(splitSchema).min(1).max(3),
  /** Names of other files that have the images, in one folder; none where the file has them. */
  files: z.array(z.string()),
  notes: z.array(z.string()),
});

export type PackedHeader = z.infer<typeof headerSchema>;
export type PackedSplitHeader = z.infer<typeof splitSchema>;

/** The bytes of any numbers. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
