/** Records of TensorFlow's files: TFRecord datasets and TensorBoard's events. */

/** CRC-32C (Castagnoli), as RFC 3720 has it, of each byte; zlib's own is another polynomial. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** The checksum of bytes. */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let at = 0; at < bytes.length; at++) crc = (table[(crc ^ (bytes[at] as number)) & 0xff] as number) ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}

/** The checksum as the files hold it: turned by 15 bits, plus a constant (tensorflow/core/lib/hash/crc32c.h). */
export function maskedCrc32c(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/**
 * One record as bytes of a file: length, checksum of the length, the bytes, their checksum; little-endian
 * (tensorflow/core/lib/io/record_writer.h).
 */
export function tfRecord(bytes: Uint8Array): Uint8Array {
  const record = Buffer.alloc(8 + 4 + bytes.length + 4);
  record.writeBigUInt64LE(BigInt(bytes.length), 0);
  record.writeUInt32LE(maskedCrc32c(record.subarray(0, 8)), 8);
  record.set(bytes, 12);
  record.writeUInt32LE(maskedCrc32c(bytes), 12 + bytes.length);
  return record;
}
