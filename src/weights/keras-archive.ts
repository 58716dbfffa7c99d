/** Keras 3's `.keras`: a zip of `config.json` (architecture), `metadata.json` and `model.weights.h5`. */
import { parseJsonObject, weightsError } from './errors.js';
import { readKerasHdf5 } from './keras-hdf5.js';
import { maximumTensorBytes, type WeightsFile } from './tensors.js';
import { unpackZip } from './zip.js';

/** What an archive may hold of each file we read; the configuration of ResNet-101 takes 0.4 MB. */
const limits: Readonly<Record<string, number>> = {
  'config.json': 2 ** 27,
  'metadata.json': 2 ** 20,
  'model.weights.h5': maximumTensorBytes,
};
/**
 * Reads a `.keras` archive from its bytes. Nothing is unpacked to disk.
 *
 * @throws ConvoyError `CONVOY_WEIGHTS` when it is no zip, is truncated, has a name that leads out of it, a file larger
 *   than its limit, or lacks the configuration or the weights.
 */
export async function readKerasArchive(file: string, bytes: Uint8Array): Promise<WeightsFile> {
  const entries = unpackZip(file, bytes, (name) => (Object.hasOwn(limits, name) ? limits[name] : undefined));
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
