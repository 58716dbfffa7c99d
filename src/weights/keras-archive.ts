/** Keras 3's `.keras`: a zip of `config.json` (architecture), `metadata.json` and `model.weights.h5`. */
import { unzipSync } from 'fflate';
import { ConvoyError } from '../base/errors.js';
import { parseJsonObject, weightsError } from './errors.js';
import { readKerasHdf5 } from './keras-hdf5.js';
import { maximumTensorBytes, type WeightsFile } from './tensors.js';

/** What an archive may hold of each file we read; the configuration of ResNet-101 takes 0.4 MB. */
const limits: Readonly<Record<string, number>> = {
  'config.json': 2 ** 27,
  'metadata.json': 2 ** 20,
  'model.weights.h5': maximumTensorBytes,
};
/** Deflate cannot do better (zlib's technical details). */
const deflateRatio = 1032;

/**
 * Reads a `.keras` archive from its bytes. Nothing is unpacked to disk.
 *
 * @throws ConvoyError `CONVOY_WEIGHTS` when it is no zip, is truncated, has a name that leads out of it, a file larger
 *   than its limit, or lacks the configuration or the weights.
 */
export async function readKerasArchive(file: string, bytes: Uint8Array): Promise<WeightsFile> {
  const entries = unpack(file, bytes);
  const config = entries['config.json'];
  const weights = entries['model.weights.h5'];
  if (config === undefined || weights === undefined) {
    const absent = config === undefined ? 'config.json' : 'model.weights.h5';
    throw weightsError(file, 'zip', `an entry ${absent}`, 'none (is this a file of Keras 3?)');
  }
  const inner = await readKerasHdf5(`${file}!model.weights.h5`, weights);
  const text = Buffer.from(config.buffer, config.byteOffset, config.length).toString('utf8');
  return { ...inner, file, format: 'keras-archive', config: parseJsonObject(file, 'config.json', text) };
}

function unpack(file: string, bytes: Uint8Array): Record<string, Uint8Array> {
  const seen = new Set<string>();
  try {
    return unzipSync(bytes, {
      filter({ name, size, originalSize, compression }) {
        const place = `entry ${JSON.stringify(name.slice(0, 200))}`;
        if (leadsOut(name)) throw weightsError(file, place, 'a name inside the archive', 'one that leads out of it');
        if (seen.has(name)) throw weightsError(file, place, 'each name once', 'it twice');
        seen.add(name);
        const limit = Object.hasOwn(limits, name) ? limits[name] : undefined;
        if (limit === undefined) return false;
        const largest = Math.min(limit, compression === 0 ? size : size * deflateRatio);
        if (originalSize > largest || size > bytes.length) {
          throw weightsError(
            file,
            place,
            `at most ${Math.min(largest, bytes.length * deflateRatio)} bytes`,
            `${originalSize}`,
          );
        }
        return true;
      },
    });
  } catch (error) {
    if (error instanceof ConvoyError) throw error;
    throw weightsError(
      file,
      'zip',
      'an intact zip archive',
      error instanceof Error ? error.message : String(error),
      error,
    );
  }
}

function leadsOut(name: string): boolean {
  return /^([/\\]|[a-z]:)/i.test(name) || name.includes('\0') || name.split(/[/\\]/).includes('..');
}
