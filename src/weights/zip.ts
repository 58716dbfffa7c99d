import { unzipSync } from 'fflate';
import { ConvoyError } from '../base/errors.js';
import { weightsError } from './errors.js';

/** Deflate cannot do better (zlib's technical details). */
const deflateRatio = 1032;

/**
 * Entries of a zip archive by name. Nothing is unpacked to disk.
 *
 * @param limitOf most bytes that an entry of a name may have; undefined leaves the entry out.
 * @throws ConvoyError `CONVOY_WEIGHTS` when it is no intact zip, has a name twice or one that leads out of it, or an entry
 *   larger than its limit.
 */
export function unpackZip(
  file: string,
  bytes: Uint8Array,
  limitOf: (name: string) => number | undefined,
): Record<string, Uint8Array> {
  const seen = new Set<string>();
  try {
    return unzipSync(bytes, {
      filter({ name, size, originalSize, compression }) {
        const place = `entry ${JSON.stringify(name.slice(0, 200))}`;
        if (leadsOut(name)) throw weightsError(file, place, 'a name inside the archive', 'one that leads out of it');
        if (seen.has(name)) throw weightsError(file, place, 'each name once', 'it twice');
        seen.add(name);
        const limit = limitOf(name);
        if (limit === undefined) return false;
        const largest = Math.min(limit, compression === 0 ? size : size * deflateRatio);
        if (originalSize > largest || size > bytes.length) {
          const most = Math.min(largest, bytes.length * deflateRatio);
          throw weightsError(file, place, `at most ${most} bytes`, `${originalSize}`);
        }
        return true;
      },
    });
  } catch (error) {
    if (error instanceof ConvoyError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw weightsError(file, 'zip', 'an intact zip archive', reason, error);
  }
}

function leadsOut(name: string): boolean {
  return /^([/\\]|[a-z]:)/i.test(name) || name.includes('\0') || name.split(/[/\\]/).includes('..');
}
