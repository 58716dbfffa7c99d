import { createHash } from 'node:crypto';
import { valueError } from '../base/errors.js';
import { permutation, RandomStream } from '../base/random.js';
import { type Dataset, imageBytes, selectFiles, selectTargets } from '../contracts/index.js';
import { allocatePixels } from './stores.js';

/** Sample indices of two disjoint parts, each ascending. */
interface SplitIndices {
  readonly kept: Uint32Array;
  readonly held: Uint32Array;
}

/**
 * Holds out about `share` of the samples, class by class, so that both parts have the classes in the same proportions.
 * Each class gives `share` of its own samples, rounded to the nearest integer; which ones depends on `seed` alone.
 */
export function stratifiedSplit(labels: ArrayLike<number>, share: number, seed: number): SplitIndices {
  const byClass = new Map<number, number[]>();
  for (let index = 0; index < labels.length; index++) {
    const label = labels[index] ?? 0;
    const members = byClass.get(label);
    if (members === undefined) byClass.set(label, [index]);
    else members.push(index);
  }
  const kept: number[] = [];
  const held: number[] = [];
  for (const [label, members] of byClass) {
    const order = permutation(members.length, new RandomStream(seed, 'split', label));
    const cut = Math.round(share * members.length);
    order.forEach((place, rank) => (rank < cut ? held : kept).push(members[place] ?? 0));
  }
  return { kept: Uint32Array.from(kept).sort(), held: Uint32Array.from(held).sort() };
}

/** The samples of `dataset` at `indices`, in that order, as a dataset of its own. */
export function selectSamples(dataset: Dataset, indices: Uint32Array, split: Dataset['split']): Dataset {
  const { store, shape } = dataset;
  const count = indices.length;
  const size = imageBytes(shape);
  let selected: Dataset['store'];
  if (store.kind === 'pixels') {
    const pixels = allocatePixels(count, shape, dataset.name);
    indices.forEach((from, to) => pixels.set(store.pixels.subarray(from * size, (from + 1) * size), to * size));
    const names = store.names && Array.from(indices, (index) => store.names?.[index] ?? '');
    selected = { kind: 'pixels', pixels, ...(names && { names }) };
  } else {
    selected = selectFiles(store, indices);
  }
  return {
    ...dataset,
    split,
    count,
    store: selected,
    targets: selectTargets(dataset.targets, indices, dataset),
    fingerprint: derivedFingerprint(dataset, indices),
  };
}

/** The fingerprint of a selection: of what it was taken from, and which samples. */
function derivedFingerprint({ fingerprint }: Dataset, indices: Uint32Array): string {
  return createHash('sha256').update(fingerprint).update(indices).digest('hex');
}

/**
 * The first `limit` samples; pixels are views of the same memory.
 *
 * @param flag whose limit it is, for messages.
 *
 * @throws ConvoyError `CONVOY_OPTION` when there are fewer.
 */
export function firstSamples(dataset: Dataset, limit: number, flag: '--limit' | '--test-limit'): Dataset {
  if (limit > dataset.count) {
    throw valueError(flag, `at most ${dataset.count} (the ${dataset.split} samples of ${dataset.name})`, limit);
  }
  if (limit === dataset.count) return dataset;
  const { store, shape } = dataset;
  const indices = Uint32Array.from({ length: limit }, (_, index) => index);
  return {
    ...dataset,
    count: limit,
    store:
      store.kind === 'pixels'
        ? {
            kind: 'pixels',
            pixels: store.pixels.subarray(0, limit * imageBytes(shape)),
            ...(store.names && { names: store.names.slice(0, limit) }),
          }
        : selectFiles(store, indices),
    targets: selectTargets(dataset.targets, indices, dataset),
    fingerprint: derivedFingerprint(dataset, indices),
  };
}
