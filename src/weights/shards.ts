/** Weights cut into several files, as Hugging Face writes them: NAME.index.json says which tensor is in which. */
import { dirname, join } from 'node:path';
import { isObject } from '../layers/index.js';
import { weightsError } from './errors.js';
import { maximumTensorBytes, type NamedTensor, type WeightsFile } from './tensors.js';

/**
 * Reads the shards that an index names, beside it.
 *
 * @param json the index, parsed.
 * @param readShard reads one file.
 * @throws ConvoyError `CONVOY_WEIGHTS` when the index names a file outside its folder, or a shard lacks a tensor.
 */
export async function readShards(
  file: string,
  json: Readonly<Record<string, unknown>>,
  readShard: (path: string) => Promise<WeightsFile>,
): Promise<WeightsFile> {
  const map = json['weight_map'];
  const entries = isObject(map) ? Object.entries(map) : [];
  if (entries.length === 0)
    throw weightsError(file, 'weight_map', 'files by tensor', JSON.stringify(map)?.slice(0, 80));
  const tensors: NamedTensor[] = [];
  let bytes = 0;
  for (const shard of new Set(entries.map(([, name]) => name))) {
    if (
      typeof shard !== 'string' ||
      shard === '' ||
      /[/\\\0]/.test(shard) ||
      shard === '..' ||
      shard.endsWith('.json')
    ) {
      throw weightsError(file, 'weight_map', 'weights files beside it', JSON.stringify(shard));
    }
    const path = join(dirname(file), shard);
    const read = new Map((await readShard(path)).tensors.map((tensor) => [tensor.name, tensor]));
    for (const [name, place] of entries) {
      if (place !== shard) continue;
      const tensor = read.get(name);
      if (tensor === undefined) throw weightsError(path, '', `the tensor ${JSON.stringify(name)} of ${file}`, 'none');
      bytes += tensor.data.byteLength;
      tensors.push(tensor);
    }
    if (bytes > maximumTensorBytes) throw weightsError(file, shard, `at most ${maximumTensorBytes} bytes`, `${bytes}`);
  }
  return { file, format: 'safetensors', tensors };
}
