/** Wheels of TensorFlow whose content is known. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';

/** SHA-256 by file name; pip alone vouches for others. */
const pinned = {
  'tensorflow_cpu-2.21.0-cp311-cp311-manylinux_2_27_x86_64.whl':
    '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
};

/** @returns {Promise<string | undefined>} why a wheel is not the published one of its name. */
export async function differsFromPinned(wheel) {
  const name = path.basename(wheel);
  const expected = Object.hasOwn(pinned, name) ? pinned[name] : undefined;
  if (expected === undefined) return undefined;
  const hash = createHash('sha256');
  await pipeline(createReadStream(wheel), hash);
  const found = hash.digest('hex');
  return found === expected ? undefined : `${name}: expected a file of SHA-256 ${expected} but found ${found}`;
}
