/** What the names of a file of PyTorch have before and beside those of the network. */
import { ConvoyError } from '../base/errors.js';
import type { ParameterSpec } from '../contracts/index.js';
import type { NamedTensor } from './tensors.js';

/** Modules that wrap a network stand in each other a few deep: `model.module.backbone`. */
const deepest = 4;

/**
 * Tensors without the modules around the network (`model.`, `backbone.`, `model.module.`): of all beginnings of names, the
 * one under which most parameters are found; and the names of those that do not begin so.
 *
 * @param parameters how many the network has.
 * @param find the parameter's index by a tensor's name.
 * @throws ConvoyError `CONVOY_WEIGHTS` when two beginnings fit alike, as for a network and its moving average.
 */
export function withoutWrappers(
  file: string,
  tensors: readonly NamedTensor[],
  parameters: number,
  find: (name: string) => number | undefined,
): { readonly own: readonly NamedTensor[]; readonly others: readonly string[] } {
  const beginnings = new Map<string, Set<number>>();
  for (const { name } of tensors) {
    const parts = name.split('.');
    for (let depth = 0; depth <= Math.min(deepest, parts.length - 1); depth++) {
      const index = find(parts.slice(depth).join('.'));
      if (index === undefined) continue;
      const beginning = parts.slice(0, depth).join('.');
      beginnings.set(beginning, (beginnings.get(beginning) ?? new Set()).add(index));
    }
  }
  const ranked = [...beginnings].sort((a, b) => b[1].size - a[1].size || a[0].length - b[0].length);
  const [best] = ranked;
  // What finds few parameters is no network: `conv1` is a name in many blocks.
  if (best === undefined || best[0] === '' || 2 * best[1].size < parameters) return { own: tensors, others: [] };
  const rival = ranked.find(([name, found]) => found.size === best[1].size && !`${name}.`.startsWith(`${best[0]}.`));
  if (rival !== undefined) {
    const message = `${file}: expected the weights of one network but found two that fit: ${best[0]}.* and ${rival[0]}.* (save one of them alone)`;
    throw new ConvoyError('CONVOY_WEIGHTS', message, { file });
  }
  const start = `${best[0]}.`;
  const own = tensors.filter(({ name }) => name.startsWith(start));
  return {
    own: own.map((tensor) => ({ ...tensor, name: tensor.name.slice(start.length) })),
    others: tensors.filter(({ name }) => !name.startsWith(start)).map(({ name }) => name),
  };
}

/** Whether a surplus tensor stands in a module that the network has, as those of a deeper network do. */
export function insideNetwork(name: string, specs: readonly ParameterSpec[], skipped: ReadonlySet<string>): boolean {
  const outermost = (path: string): string => path.split(/[./]/)[0] ?? '';
  const module = outermost(name);
  const has = (layers: readonly ParameterSpec[]): boolean => layers.some(({ layer }) => outermost(layer) === module);
  return has(specs.filter(({ layer }) => !skipped.has(layer))) && !has(specs.filter(({ layer }) => skipped.has(layer)));
}
