import type { Native } from '../../src/native/index.js';

/**
 * Products of 2⁻¹⁰⁰ and 2⁻⁴⁰ as the graph in a folder computes it (a matrix product, see native-graph.test.ts), in float32,
 * where 2⁻¹⁴⁰ is subnormal; and of 2⁻⁶⁰⁰ and 2⁻⁴⁴⁰ as JavaScript does afterwards, in float64, where 2⁻¹⁰⁴⁰ is.
 */
export async function subnormalProducts(native: Native, folder: string): Promise<{ graph: number; script: number }> {
  const graph = await native.loadGraph(folder);
  const inputs = [
    native.wrap(Float32Array.of(2 ** -100, 0), [1, 2]),
    native.wrap(Float32Array.of(2 ** -40, 0, 0, 0), [2, 2]),
    native.wrap(new Float32Array(4), [1, 4]),
  ];
  const [product] = graph.run(inputs, 'x,weights,slot', 'product') as [number];
  const made = native.read(product)[0] as number;
  for (const id of [...inputs, product]) native.release(id);
  graph.dispose();
  const [small, smaller] = Float64Array.of(2 ** -600, 2 ** -440) as unknown as [number, number];
  return { graph: made, script: small * smaller };
}
