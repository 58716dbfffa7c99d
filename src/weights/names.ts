/** Which parameter of a model a tensor of a file is, told by names. */

import type { LayersModel } from '../base/tf.js';
import type { ParameterSpec } from '../contracts/index.js';
import type { NamedTensor } from './tensors.js';
import { torchTranslation } from './torch-sources.js';

/** Who wrote the file: its names and memory layouts. */
export type Layout = 'keras' | 'pytorch';

/** What PyTorch calls the weights of a module, and what they may be called here. */
const torchWeights: Readonly<Record<string, readonly string[]>> = {
  weight: ['kernel', 'depthwise_kernel', 'gamma', 'embeddings'],
  bias: ['bias', 'beta'],
  running_mean: ['moving_mean'],
  running_var: ['moving_variance'],
};
/** What Keras 3 calls a weight to which its layer gave no name, such as that of `LayerScale`. */
const unnamedWeight = 'variable';
/** Wrappers that put their name before every other: DistributedDataParallel and `torch.compile`. */
const torchWrappers = /^((module|_orig_mod)\.)+/;

/** PyTorch's names are dotted and end in one of its words; Keras's have slashes. */
export function layoutByNames(tensors: readonly NamedTensor[]): Layout {
  const dotted = tensors.filter(
    ({ name }) => /\.(weight|bias|running_mean|running_var)$/.test(name) && !name.includes('/'),
  );
  return dotted.length * 2 > tensors.length ? 'pytorch' : 'keras';
}

/** Layers that Keras keeps inside its attention, by what their weights are called. */
const attentionParts: Readonly<Record<string, string>> = {
  query_dense: 'query',
  key_dense: 'key',
  value_dense: 'value',
  output_dense: 'attention_output',
};

/** Tensors that are no weights: PyTorch's count of batches seen. */
export function isBookkeeping(tensor: NamedTensor): boolean {
  return /(^|\.)num_batches_tracked$/.test(tensor.name);
}

/** Within a module of PyTorch. */
const torchOrder = ['weight', 'bias', 'running_mean', 'running_var'];

/** PyTorch tensors in the order of their modules: files are often sorted by name, where `features.10` is before `features.2`. */
export function inModuleOrder(tensors: readonly NamedTensor[]): NamedTensor[] {
  const key = ({ name }: NamedTensor): (string | number)[] => {
    const parts = name.replace(torchWrappers, '').split('.');
    const weight = parts.pop() ?? '';
    const place = torchOrder.indexOf(weight);
    return [
      parts[0] === 'features' ? 0 : 1,
      ...parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part)),
      place < 0 ? weight : place,
    ];
  };
  return tensors
    .map((tensor) => ({ tensor, key: key(tensor) }))
    .sort((a, b) => compareKeys(a.key, b.key))
    .map(({ tensor }) => tensor);
}

function compareKeys(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  for (const [at, part] of a.entries()) {
    const other = b[at];
    if (other === undefined) return 1;
    if (part === other) continue;
    if (typeof part === 'number' && typeof other === 'number') return part - other;
    return String(part) < String(other) ? -1 : 1;
  }
  return a.length - b.length;
}

/** Finds parameters by the names that files give them. */
export class ParameterNames {
  /** Every name and every end of one after a slash; -1 where two parameters share it. */
  readonly #ends = new Map<string, number>();
  readonly #layers = new Map<string, number[]>();
  readonly #keys: ReadonlyMap<string, string>;
  readonly #translated: (name: string) => string | undefined;

  constructor(model: LayersModel, specs: readonly ParameterSpec[]) {
    specs.forEach((spec, index) => {
      const layer = canonical(spec.layer);
      this.#layers.set(layer, [...(this.#layers.get(layer) ?? []), index]);
    });
    const spellings = specs.map(({ name, layer }) =>
      this.#layers.get(canonical(layer))?.length === 1 ? [name, `${layer}/${unnamedWeight}`] : [name],
    );
    spellings.forEach((names, index) => {
      for (const parts of names.map((name) => name.split('/'))) {
        for (let from = 1; from < parts.length - 1; from++) {
          const end = canonical(parts.slice(from).join('/'));
          this.#ends.set(end, this.#ends.has(end) ? -1 : index);
        }
      }
    });
    // Whole names win over ends of longer ones.
    spellings.forEach((names, index) => {
      for (const name of names) this.#ends.set(canonical(name), index);
    });
    this.#keys = kerasKeys(model);
    this.#translated = torchTranslation(model);
  }

  /** The parameter's index, or undefined. `siblings` is how many tensors the file has of the tensor's layer. */
  find(tensor: NamedTensor, layout: Layout, siblings: number): number | undefined {
    if (layout === 'pytorch') return this.findTorch(tensor.name);
    // In a file of Keras the group's name tells apart what two inner models call the same.
    const grouped = tensor.layer === undefined ? undefined : this.#named(`${tensor.layer}/${tensor.name}`);
    if (grouped !== undefined) return grouped;
    const parts = tensor.name.split('/');
    for (let from = 0; from < parts.length; from++) {
      const index = this.#named(parts.slice(from).join('/'));
      if (index !== undefined) return index;
    }
    return this.#findNumbered(tensor, siblings);
  }

  /** The parameter's index by PyTorch's name of it: the layer's own, or that of torchvision or timm. */
  findTorch(name: string): number | undefined {
    const own = name.replace(torchWrappers, '');
    const found = this.#torch(own);
    if (found !== undefined) return found;
    const translated = this.#translated(own);
    return translated === undefined ? undefined : this.#torch(translated);
  }

  #torch(own: string): number | undefined {
    const dot = own.lastIndexOf('.');
    const module = own.slice(0, Math.max(0, dot));
    const weight = own.slice(dot + 1);
    for (const candidate of torchWeights[weight] ?? []) {
      const index = this.#named(`${module}/${candidate}`);
      if (index !== undefined) return index;
    }
    // A parameter without a module of its own, such as the class token of a transformer.
    return this.#named(own) ?? this.#numbered(own, 0, 1);
  }

  /** Keras 3 calls the kernel of a depthwise convolution `kernel`, and numbers weights without a name by the session. */
  #named(name: string): number | undefined {
    const index =
      this.#ends.get(canonical(name)) ??
      this.#ends.get(canonical(name.replace(/\/kernel$/, '/depthwise_kernel'))) ??
      this.#ends.get(canonical(name.replace(/\/variable_\d+$/, `/${unnamedWeight}`)));
    return index === -1 ? undefined : index;
  }

  /** By the layer's name and the weight's place in it, if the layer has as many weights. */
  #findNumbered({ layer, index }: NamedTensor, siblings: number): number | undefined {
    if (layer === undefined || index === undefined) return undefined;
    const parts = layer.split('/');
    for (let from = 0; from < parts.length; from++) {
      const found = this.#numbered(parts.slice(from).join('/'), index, siblings);
      if (found !== undefined) return found;
    }
    return this.#ofPart(layer, index);
  }

  /** A kernel or a bias of a layer that a layer keeps inside itself. */
  #ofPart(path: string, index: number): number | undefined {
    const slash = path.lastIndexOf('/');
    const part = path.slice(slash + 1);
    const weight = ['kernel', 'bias'][index];
    return weight === undefined
      ? undefined
      : this.#named(`${path.slice(0, Math.max(0, slash))}/${attentionParts[part] ?? part}_${weight}`);
  }

  /** The parameter's index by the layer's key in a Keras 3 file, as Keras itself finds it, whatever names are. */
  findKeyed({ key, index }: NamedTensor, siblings: number): number | undefined {
    if (key === undefined || index === undefined) return undefined;
    const path = this.#keys.get(key);
    if (path !== undefined) return this.#numbered(path, index, siblings);
    const slash = key.lastIndexOf('/');
    const around = this.#keys.get(key.slice(0, Math.max(0, slash)));
    return around === undefined ? undefined : this.#ofPart(`${around}/${key.slice(slash + 1)}`, index);
  }

  #numbered(path: string, index: number, siblings: number): number | undefined {
    const own = this.#layers.get(canonical(path));
    return own?.length === siblings ? own[index] : undefined;
  }
}

/** Names compare without regard to what separates their parts, or to characters that models here do not keep. */
function canonical(name: string): string {
  return name.replace(/[^A-Za-z0-9_./-]+|[./]/g, '_').toLowerCase();
}

/** Layer paths by the keys Keras 3 gives them in a weights file: class in snake case, counted in order of the layers. */
function kerasKeys(model: LayersModel): Map<string, string> {
  const keys = new Map<string, string>();
  const visit = (layers: LayersModel['layers'], path: string, keyPath: string): void => {
    const used = new Map<string, number>();
    for (const layer of layers) {
      const kind = snakeCase(layer.getClassName());
      const count = used.get(kind) ?? 0;
      used.set(kind, count + 1);
      const key = `${keyPath}${kind}${count === 0 ? '' : `_${count}`}`;
      if ('layers' in layer && Array.isArray(layer.layers)) visit(layer.layers, `${path}${layer.name}/`, `${key}/`);
      else keys.set(key, `${path}${layer.name}`);
    }
  };
  visit(model.layers, '', '');
  return keys;
}

/** `BatchNormalization` to `batch_normalization`, `Conv2D` to `conv2d`, `ReLU` to `re_lu`: Keras's rule. */
function snakeCase(name: string): string {
  return name
    .replace(/\W+/g, '')
    .replace(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
