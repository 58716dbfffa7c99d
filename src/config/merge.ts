/** How layers of a configuration lie one upon the other. */
import { isDeepStrictEqual } from 'node:util';
import { combinationError, unknownKeyError } from '../base/errors.js';

/**
 * What is trained is named in one place: a base replaces a weaker model, and is the resolved configuration's `model` too;
 * a model replaces a weaker base with all that belongs to it.
 */
export function settleBase(
  merged: Record<string, unknown>,
  input: { readonly model?: unknown; readonly base?: unknown },
): void {
  const { model, base } = input;
  if (base !== undefined) {
    if (model !== undefined && !isDeepStrictEqual(model, base))
      throw combinationError('model', 'excludes', 'base, which is the model that is trained: keep one of them');
    merged['model'] = merged['base'];
  } else if (model !== undefined && merged['base'] !== undefined) {
    for (const key of ['base', 'weights', 'freeze', 'head']) if (!(key in input)) delete merged[key];
  }
}

/** A target is of what it was measured on: another dataset or network, or some classes alone, leave the weaker one behind. */
export function settleTarget(merged: Record<string, unknown>, input: object): void {
  const target = Reflect.get(input, 'target') as unknown;
  if (isRecord(target) && ('monitor' in target || 'accuracy' in target)) delete merged['target'];
  const own = Object.entries(input).filter(([key]) => ['dataset', 'classes', 'model', 'base'].includes(key));
  const other = own.some(([key, value]) => {
    return value !== undefined && !isDeepStrictEqual(mergeOption(merged[key], value), merged[key]);
  });
  if (other) delete merged['target'];
}

/** A stronger layer's value over a weaker one's: objects key by key, but those of another name replace the weaker one whole. */
export function mergeOption(weaker: unknown, stronger: unknown): unknown {
  if (!isRecord(weaker) || !isRecord(stronger)) return stronger;
  if (stronger['name'] !== undefined && stronger['name'] !== weaker['name']) return stronger;
  return { ...weaker, ...stronger };
}

/** A key of JSON that would change what an object is, instead of being one of its options. */
export function refusePrototypes(value: unknown, place: string): void {
  if (typeof value !== 'object' || value === null) return;
  if (Object.hasOwn(value, '__proto__'))
    throw unknownKeyError(place, '__proto__', { known: [], advice: 'no option has this name' });
  for (const [key, inner] of Object.entries(value)) refusePrototypes(inner, `${place}.${key}`);
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
