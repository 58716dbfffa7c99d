/** tfjs models: `model.json` (topology and a manifest of weights) and binary shards beside it. */
import { dirname, isAbsolute, join } from 'node:path';
import { isObject } from '../layers/index.js';
import { elementTypes } from './element-types.js';
import { weightsError } from './errors.js';
import { withFile } from './open-file.js';
import { elementCount, maximumTensorBytes, type NamedTensor, type WeightsFile } from './tensors.js';

/** tfjs's dtypes by the names of our decoders. */
const dtypes: Readonly<Record<string, string>> = {
  float32: 'F32',
  float16: 'F16',
  int32: 'I32',
  uint8: 'U8',
  uint16: 'U16',
  bool: 'BOOL',
};

/**
 * Reads a tfjs model from its `model.json`, parsed, and the shards that it names, quantized weights included.
 *
 * @throws ConvoyError `CONVOY_WEIGHTS` when the manifest is not of the format, names a file outside the folder, or does
 *   not fit the shards' sizes.
 */
export async function readTfjsModel(file: string, json: Readonly<Record<string, unknown>>): Promise<WeightsFile> {
  const { weightsManifest: manifest, modelTopology: topology } = json;
  if (!Array.isArray(manifest)) throw weightsError(file, 'weightsManifest', 'a list', typeof manifest);
  const tensors: NamedTensor[] = [];
  let total = 0;
  for (const [number, group] of (manifest as unknown[]).entries()) {
    const place = `weightsManifest[${number}]`;
    if (!isObject(group) || !Array.isArray(group['paths']) || !Array.isArray(group['weights'])) {
      throw weightsError(file, place, 'paths and weights', JSON.stringify(group).slice(0, 80));
    }
    const data = await readShards(file, place, group['paths'] as unknown[], maximumTensorBytes - total);
    let at = 0;
    for (const weight of group['weights'] as unknown[]) {
      const { tensor, bytesUsed } = decodeWeight(file, place, weight, data, at);
      at += bytesUsed;
      total += tensor.data.byteLength;
      tensors.push(tensor);
    }
    if (at !== data.length) throw weightsError(file, place, `${at} bytes in its shards`, `${data.length}`);
    if (total > maximumTensorBytes) throw weightsError(file, place, `at most ${maximumTensorBytes} bytes`, `${total}`);
  }
  const config = isObject(topology) ? (topology['model_config'] ?? topology) : undefined;
  return { file, format: 'tfjs', tensors, ...(config === undefined ? {} : { config }) };
}

async function readShards(file: string, place: string, paths: readonly unknown[], limit: number): Promise<Buffer> {
  const shards: Buffer[] = [];
  let bytes = 0;
  for (const path of paths) {
    if (typeof path !== 'string' || path === '' || isAbsolute(path) || path.split(/[/\\]/).includes('..')) {
      throw weightsError(file, place, 'paths inside its folder', JSON.stringify(path));
    }
    const shard = join(dirname(file), path);
    const data = await withFile(shard, (opened) => {
      bytes += opened.size;
      if (bytes > limit) throw weightsError(shard, '', `at most ${limit} bytes`, `${bytes}`);
      return opened.read('shard', 0, opened.size);
    });
    shards.push(data);
  }
  const [only, ...more] = shards;
  return only !== undefined && more.length === 0 ? only : Buffer.concat(shards);
}

function decodeWeight(
  file: string,
  group: string,
  weight: unknown,
  data: Buffer,
  at: number,
): { tensor: NamedTensor; bytesUsed: number } {
  if (!isObject(weight) || typeof weight['name'] !== 'string') {
    throw weightsError(file, group, 'a weight with a name', JSON.stringify(weight).slice(0, 80));
  }
  const { name, shape, quantization } = weight;
  const place = `weight ${JSON.stringify(name)}`;
  const stored = isObject(quantization) ? quantization['dtype'] : weight['dtype'];
  const code = typeof stored === 'string' && Object.hasOwn(dtypes, stored) ? dtypes[stored] : undefined;
  const type = code === undefined ? undefined : elementTypes.get(code);
  if (type === undefined) {
    throw weightsError(file, place, `a dtype of ${Object.keys(dtypes).join(', ')}`, JSON.stringify(stored));
  }
  const count = elementCount(shape);
  if (count === undefined) throw weightsError(file, place, 'a shape of sizes from 0', JSON.stringify(shape));
  const bytesUsed = count * type.bytes;
  if (at + bytesUsed > data.length) {
    throw weightsError(file, place, `${bytesUsed} bytes from ${at} of the shards`, `${data.length - at}`);
  }
  const values = type.decode(new DataView(data.buffer, data.byteOffset + at, bytesUsed), count);
  if (isObject(quantization) && stored !== 'float16') {
    const { min, scale } = quantization;
    if (typeof min !== 'number' || typeof scale !== 'number') {
      throw weightsError(file, place, 'numbers quantization.min and quantization.scale', JSON.stringify(quantization));
    }
    for (let i = 0; i < count; i++) values[i] = (values[i] ?? 0) * scale + min;
  }
  return { tensor: { name: name as string, shape: shape as number[], data: values }, bytesUsed };
}
