/** The two ways Keras lays weights out in HDF5: by layer name (Keras 2 and `.h5`), and by object path (`.weights.h5`). */
import { parseJsonObject, weightsError } from './errors.js';
import { type Hdf5Group, withHdf5 } from './hdf5.js';
import type { NamedTensor, WeightsFile } from './tensors.js';

/** Children of a Keras 3 object that are not weights of the network. */
const notWeights: ReadonlySet<string> = new Set(['vars', 'optimizer', 'seed_generator', 'metrics', '_metrics']);
/** Children that only hold the layers of a model and are no part of their names. */
const containers: ReadonlySet<string> = new Set(['layers', '_layer_checkpoint_dependencies']);

/**
 * Reads a Keras HDF5 file of any age from its bytes: whole models (`model_weights` and the attribute `model_config`),
 * weights by layer name, weights by object path.
 *
 * @throws ConvoyError `CONVOY_WEIGHTS`.
 */
export async function readTree(file: string, bytes: Uint8Array, onProgress: () => void): Promise<WeightsFile> {
  const read = (root: Hdf5Group): WeightsFile => {
    const configText = root.text('model_config');
    const config = typeof configText === 'string' ? parseJsonObject(file, 'model_config', configText) : undefined;
    const byName = root.names.includes('model_weights') ? groupOf(file, root, 'model_weights') : root;
    if (listAttribute(file, byName, 'layer_names') !== undefined) {
      const tensors = tensorsByName(file, byName);
      return { file, format: 'keras-h5', tensors, ...(config === undefined ? {} : { config }) };
    }
    if (
      !root.names.includes('layers') &&
      !root.names.includes('vars') &&
      !root.names.some((name) => containers.has(name))
    ) {
      const found = root.names.length === 0 ? 'an empty file' : `groups ${root.names.slice(0, 12).join(', ')}`;
      throw weightsError(
        file,
        'HDF5',
        "Keras's groups layers, vars or model_weights, or its attribute layer_names",
        found,
      );
    }
    return { file, format: 'keras-weights-h5', tensors: tensorsByPath(file, root) };
  };
  return withHdf5(file, bytes, read, onProgress);
}

function groupOf(file: string, parent: Hdf5Group, name: string): Hdf5Group {
  const child = parent.child(name);
  if (child.kind !== 'group') throw weightsError(file, child.path, 'a group', 'a dataset');
  return child;
}

/** A list attribute; Keras cuts one that passes HDF5's 64 KB into `name0`, `name1`... */
function listAttribute(file: string, group: Hdf5Group, name: string): readonly string[] | undefined {
  const whole = group.text(name);
  if (Array.isArray(whole)) return whole;
  if (whole !== undefined) throw weightsError(file, `${group.path}@${name}`, 'a list of texts', 'one text');
  const pieces: string[] = [];
  for (let piece = 0; ; piece++) {
    const part = group.text(`${name}${piece}`);
    if (part === undefined) return piece === 0 ? undefined : pieces;
    pieces.push(...part);
  }
}

function tensorsByName(file: string, weights: Hdf5Group): NamedTensor[] {
  const tensors: NamedTensor[] = [];
  for (const layer of listAttribute(file, weights, 'layer_names') ?? []) {
    const group = groupOf(file, weights, layer);
    const names = listAttribute(file, group, 'weight_names') ?? [];
    names.forEach((name, index) => {
      const dataset = group.child(name);
      if (dataset.kind !== 'dataset') throw weightsError(file, dataset.path, 'a dataset', 'a group');
      tensors.push({ name: name.replace(/:0$/, ''), shape: dataset.shape, data: dataset.read(), layer, index });
    });
  }
  return tensors;
}

function tensorsByPath(file: string, root: Hdf5Group): NamedTensor[] {
  const tensors: NamedTensor[] = [];
  const visit = (group: Hdf5Group, names: readonly string[], keys: readonly string[]): void => {
    for (const name of group.names) {
      if (name === 'vars') readVariables(groupOf(file, group, name), names, keys);
      if (notWeights.has(name)) continue;
      const child = group.child(name);
      if (child.kind !== 'group') continue;
      if (containers.has(name)) visit(child, names, keys);
      else visit(child, [...names, ownName(child) ?? name], [...keys, name]);
    }
  };
  /** Keras 3 writes the layer's own name beside its variables. */
  const ownName = (group: Hdf5Group): string | undefined => {
    const name = group.names.includes('vars') ? groupOf(file, group, 'vars').text('name') : undefined;
    return typeof name === 'string' && name !== '' ? name : undefined;
  };
  const readVariables = (vars: Hdf5Group, names: readonly string[], keys: readonly string[]): void => {
    const layer = names.join('/');
    const numbered = [...vars.names].sort((a, b) => Number(a) - Number(b));
    numbered.forEach((number, index) => {
      if (number !== String(index))
        throw weightsError(file, vars.path, `variables 0 to ${numbered.length - 1}`, `${number}`);
      const dataset = vars.child(number);
      if (dataset.kind !== 'dataset') throw weightsError(file, dataset.path, 'a dataset', 'a group');
      const name = layer === '' ? number : `${layer}/${number}`;
      tensors.push({ name, shape: dataset.shape, data: dataset.read(), layer, index, key: keys.join('/') });
    });
  };
  visit(root, [], []);
  return tensors;
}
