import type { LayersModel } from '../../src/base/tf.js';
import { modelParameters, setWeights } from '../../src/models/index.js';

/** FNV-1a. */
function nameHash(name: string): number {
  let hash = 2166136261;
  for (const byte of Buffer.from(name)) hash = Math.imul(hash ^ byte, 16777619) >>> 0;
  return hash;
}

/** Uniform numbers u in [-0.5, 0.5), a function of the name, as `factor u + offset`: `test/fixtures/networks/generate.py`. */
export function noise(name: string, count: number, factor = 1, offset = 0): Float32Array {
  const start = nameHash(name);
  const values = new Float32Array(count);
  for (let index = 0; index < count; index++) {
    let x = (Math.imul(index, 2654435761) + start) >>> 0;
    x ^= x >>> 15;
    x = Math.imul(x, 2246822519);
    x ^= x >>> 13;
    x = Math.imul(x, 3266489917);
    x ^= x >>> 16;
    values[index] = factor * ((x >>> 0) / 2 ** 32 - 0.5) + offset;
  }
  return values;
}

/** The made-up values of a weight, as the generator of the references computes them. */
export function madeUp(name: string, shape: readonly number[], gain: number): Float32Array {
  const count = shape.reduce((product, size) => product * size, 1);
  const kind = name.slice(name.lastIndexOf('/') + 1);
  if (kind.endsWith('kernel')) {
    const inputs = kind.startsWith('depthwise') ? shape.slice(0, 2) : shape.slice(0, -1);
    return noise(name, count, Math.sqrt(24 / inputs.reduce((product, size) => product * size, 1)));
  }
  const offsets: Readonly<Record<string, number>> = { gamma: gain, moving_variance: 1, variance: 1, count: 0.5 };
  return noise(name, count, 0.4, offsets[kind] ?? 0);
}

/** Gives a model the made-up weights. */
export function setMadeUpWeights(model: LayersModel, gain: number): void {
  setWeights(
    model,
    modelParameters(model).map(({ spec }) => madeUp(spec.name, spec.shape, gain)),
  );
}

/** The references' input: `count` colour images with values from 0 to `scale`. */
export function madeUpImages(count: number, size: number, scale = 1): Float32Array {
  return noise('pixels/input', count * size * size * 3, scale, scale / 2);
}
