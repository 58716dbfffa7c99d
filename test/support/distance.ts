/** Tensors by `layer/weight`. */
export type Tensors = ReadonlyMap<string, Float32Array>;

function largest(values: Float32Array | undefined): number {
  return values?.reduce((most, value) => Math.max(most, Math.abs(value)), 0) ?? Number.NaN;
}

function difference(a: Float32Array | undefined, b: Float32Array): Float32Array {
  return b.map((value, index) => (a?.[index] ?? Number.NaN) - value);
}

function squares(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}

/** Distance of two whole gradients, in units of the second one's length. */
export function distance(a: Tensors, b: Tensors): number {
  const [apart, whole] = [...b].reduce(
    ([error, size], [name, values]): [number, number] => [
      error + squares(difference(a.get(name), values)),
      size + squares(values),
    ],
    [0, 0],
  );
  return Math.sqrt(apart / whole);
}

/**
 * The tensor whose difference is largest, in units of its largest element. Shifts that a normalization subtracts again
 * have a gradient of zero but for rounding: below a thousandth of their layer's, the unit is the layer's largest.
 */
export function worst(a: Tensors, b: Tensors): { readonly name: string; readonly apart: number } {
  const layerOf = (name: string): string => name.slice(0, name.lastIndexOf('/'));
  const layers = new Map<string, number>();
  for (const [name, values] of b) layers.set(layerOf(name), Math.max(layers.get(layerOf(name)) ?? 0, largest(values)));
  const all = [...b].map(([name, values]) => {
    const layer = layers.get(layerOf(name)) ?? Number.NaN;
    const own = largest(values);
    return { name, apart: largest(difference(a.get(name), values)) / (own < 1e-3 * layer ? layer : own) };
  });
  return all.reduce((most, next) => (next.apart <= most.apart ? most : next));
}
