import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** Checksum of the bytes on the disk, hexadecimal: what was received is not always what lies there. */
export async function fileDigest(file: string, algorithm: 'sha256' | 'md5'): Promise<string> {
  const hash = createHash(algorithm);
  for await (const chunk of createReadStream(file, { highWaterMark: 2 ** 20 })) {
    if (chunk instanceof Buffer) hash.update(chunk);
  }
  return hash.digest('hex');
}
