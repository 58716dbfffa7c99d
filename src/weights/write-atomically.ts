import { randomUUID } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConvoyError } from '../errors.js';

/**
 * Writes pieces one behind the other to a new file beside `file`, syncs it and renames it into place: a reader sees the
 * old file or the whole new one, and a failure leaves nothing behind.
 *
 * @throws ConvoyError `CONVOY_DISK`.
 */
export async function writeAtomically(file: string, pieces: Iterable<Uint8Array>): Promise<void> {
  const temporary = `${file}.${process.pid}-${randomUUID()}.partial`;
  let made = false;
  try {
    await mkdir(dirname(file), { recursive: true });
    const handle = await open(temporary, 'wx');
    made = true;
    try {
      for (const piece of pieces) await handle.writeFile(piece);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    if (made) await rm(temporary, { force: true });
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConvoyError('CONVOY_DISK', `${file}: expected to write it but ${reason}`, { file }, error);
  }
}
