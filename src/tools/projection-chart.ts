import { pca, project } from '../analysis/index.js';
import type { Chart } from '../plots/index.js';
import type { Runtime } from '../runtime/index.js';
import { type Features, testFeatures } from './test-features.js';

/** Ways to draw features, by their names. */
const names = { pca: 'PCA', tsne: 't-SNE', umap: 'UMAP' } as const;

/** Test images whose features are drawn unless told otherwise; t-SNE's time grows with the square. */
export const drawnFeatures = 1000;

/**
 * Features of test images in two dimensions, by class.
 *
 * @param features from `testFeatures`.
 */
export async function projectionChart(
  runtime: Runtime,
  method: 'pca' | 'tsne' | 'umap',
  features?: Features,
): Promise<Chart> {
  const { points, labels } = features ?? (await testFeatures(runtime, drawnFeatures));
  const { scatterChart } = await import('../plots/index.js'); // its library takes most of a second to load
  const ratio = method === 'pca' ? pca(points, 2).explainedVarianceRatio : undefined;
  const axis = (index: number): string =>
    ratio === undefined ? '' : `component ${index + 1} (${(100 * (ratio[index] ?? 0)).toFixed(1)}% of variance)`;
  return scatterChart({
    points: await project(points, method, { seed: runtime.config.seed }),
    labels,
    names: runtime.datasets.test.classes,
    title: `${names[method]} of ${points.count} test images' features`,
    axes: [axis(0), axis(1)],
  });
}
