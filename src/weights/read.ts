import { parseJsonObject, weightsError } from './errors.js';
import { readKerasArchive } from './keras-archive.js';
import { readKerasHdf5 } from './keras-hdf5.js';
import { withFile } from './open-file.js';
import { readSafetensors } from './safetensors.js';
import { readShards } from './shards.js';
import { maximumTensorBytes, type WeightsFile } from './tensors.js';
import { readTfjsModel } from './tfjs.js';
import { isTorchArchive, readTorchArchive, torchConversion } from './torch-archive.js';

/** HDF5's signature; Keras files have no user block before it. */
const hdf5Signature = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1');
const zipSignature = Buffer.from('PK\x03\x04', 'latin1');
/** Weights beside the optimizer's state, up to two more copies, is the most a file of Keras holds. */
const maximumFileBytes = 3 * maximumTensorBytes;

/**
 * Reads a weights file of any format convoy knows, told by content: safetensors; Keras `.h5`, `.weights.h5` and
 * `.keras`; the `model.json` of a tfjs model with its shards; PyTorch's `.pt`, `.pth` and `.ckpt`; the `.index.json` of shards.
 *
 * @throws ConvoyError `CONVOY_WEIGHTS` naming file and place when it is missing, of no known format, truncated, damaged
 *   or larger than its format can sensibly be.
 */
export function readWeightsFile(file: string): Promise<WeightsFile> {
  return read(file, true);
}

/** A shard is no index of others. */
async function read(file: string, mayBeIndex: boolean): Promise<WeightsFile> {
  const whole = await withFile(file, async (opened) => {
    const head = await opened.read('', 0, Math.min(16, opened.size));
    if (isSafetensors(head, opened.size)) return undefined;
    if (
      !startsWith(head, hdf5Signature) &&
      !startsWith(head, zipSignature) &&
      head.toString('latin1').trimStart()[0] !== '{'
    ) {
      const known =
        'safetensors, a Keras .h5, .weights.h5 or .keras file, a .pt of PyTorch, or the model.json of a tfjs model';
      throw weightsError(file, '', known, describe(file, head, opened.size));
    }
    if (opened.size > maximumFileBytes) {
      throw weightsError(file, '', `at most ${maximumFileBytes} bytes`, `${opened.size}`);
    }
    return opened.read('', 0, opened.size);
  });
  if (whole === undefined) return { file, format: 'safetensors', tensors: (await readSafetensors(file)).tensors };
  if (startsWith(whole, hdf5Signature)) return readKerasHdf5(file, whole);
  if (startsWith(whole, zipSignature)) {
    return isTorchArchive(whole) ? readTorchArchive(file, whole) : readKerasArchive(file, whole);
  }
  const json = parseJsonObject(file, '', whole.toString('utf8'));
  if (mayBeIndex && 'weight_map' in json) return readShards(file, json, (shard) => read(shard, false));
  return readTfjsModel(file, json);
}

/** A header starts with `{` at byte 8; a length beyond the file is for the safetensors reader to refuse. */
function isSafetensors(head: Buffer, size: number): boolean {
  return size >= 8 && head[0] !== 0x7b && (head[8] === 0x7b || (size < 16 && !startsWith(head, hdf5Signature)));
}

function startsWith(bytes: Buffer, signature: Buffer): boolean {
  return bytes.subarray(0, signature.length).equals(signature);
}

function describe(file: string, head: Buffer, size: number): string {
  if (size === 0) return 'an empty file';
  // Pickle protocol 2 and later start with 0x80; so do PyTorch's files from before 1.6.
  if (head[0] === 0x80)
    return `a Python pickle, which is not read (PyTorch's files of before 1.6 are)\n  ${torchConversion(file)}`;
  return `bytes ${head.toString('hex')}`;
}
