import { choiceError, valueError } from '../base/errors.js';
import { RandomStream } from '../base/random.js';
import { type Points, pca } from './pca.js';
import { tsne } from './tsne.js';

/** Ways to draw points of many dimensions in two. */
export const projections = ['pca', 'tsne', 'umap'] as const;
export type ProjectionMethod = (typeof projections)[number];

export interface ProjectOptions {
  /** Neighbours that count: perplexity of t-SNE (30), neighbours of UMAP (15). */
  readonly neighbours?: number | undefined;
  /** Decides the random choices of UMAP; 0. PCA and t-SNE have none. */
  readonly seed?: number | undefined;
}

/** Beyond this, distances are mostly noise: t-SNE and UMAP get principal components (van der Maaten and Hinton 2008). */
const embeddedDimensions = 50;

/**
 * Points of many dimensions in two: by principal components, t-SNE (van der Maaten and Hinton 2008) or UMAP (McInnes et al.
 * 2018, of the library umap-js). The same points give the same result. t-SNE and UMAP of more than 50 dimensions begin with
 * their first 50 principal components. Runs to its end on the calling thread.
 *
 * @returns [count, 2], one point behind the other.
 * @throws ConvoyError `CONVOY_OPTION` for another method, or fewer points than it needs.
 */
export async function project(
  features: Points,
  method: ProjectionMethod,
  { neighbours, seed = 0 }: ProjectOptions = {},
): Promise<Float64Array> {
  const { count, dimensions, values } = features;
  if (values.length !== count * dimensions)
    throw valueError('features.values', `${count * dimensions} numbers`, `${values.length}`);
  if (method === 'pca') return twoColumns(pca(features, Math.min(2, dimensions, count)).projection, count);
  if (method === 'tsne') {
    return tsne(compact(features), neighbours === undefined ? {} : { perplexity: neighbours }).embedding;
  }
  if (method !== 'umap') throw choiceError('method', method, { known: [...projections] });
  if (count < 4) throw valueError('features', '4 points or more', count);
  const { UMAP } = await import('umap-js');
  const stream = new RandomStream(seed, 'draw', count);
  const points = compact(features);
  const rows = Array.from({ length: count }, (_, i) =>
    Array.from({ length: points.dimensions }, (_, j) => points.values[i * points.dimensions + j] as number),
  );
  const umap = new UMAP({ nNeighbors: Math.min(neighbours ?? 15, count - 1), random: () => stream.uniform() });
  return Float64Array.from(umap.fit(rows).flat());
}

/** The first 50 principal components of points of more dimensions. */
function compact(points: Points): Points {
  const components = Math.min(embeddedDimensions, points.count);
  if (points.dimensions <= components) return points;
  return { values: pca(points, components).projection, count: points.count, dimensions: components };
}

/** Points of one dimension get a second of 0. */
function twoColumns(values: Float64Array, count: number): Float64Array {
  return values.length === 2 * count ? values : Float64Array.from([...values].flatMap((value) => [value, 0]));
}
