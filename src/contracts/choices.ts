/** Choices that the command line lists before it loads what they choose from. */

/** Parts of a dataset that a run can be evaluated on. */
export const splits = ['test', 'validation', 'train'] as const;
export type Split = (typeof splits)[number];

/** Views of an image whose probabilities are averaged: torchvision's names. */
export const testTimeAugmentations = ['flip', 'five-crop', 'ten-crop'] as const;
export type TestTimeAugmentation = (typeof testTimeAugmentations)[number];

/** What `analyseRun` can draw. */
export const analyses = ['filters', 'activations', 'pca', 'tsne'] as const;
export type Analysis = (typeof analyses)[number];

/** What `visualizeRun` can draw. */
export const visualizations = [
  'filters',
  'activations',
  'grad-cam',
  'grad-cam++',
  'saliency',
  'occlusion',
  'max-activation',
  'pca',
  'tsne',
  'umap',
] as const;
export type Visualization = (typeof visualizations)[number];

/** Ways to find anomalies. */
export const anomalyMethods = ['padim', 'patchcore', 'reconstruction'] as const;
export type AnomalyMethod = (typeof anomalyMethods)[number];

/** What a network is trained for. */
export const tasks = ['classification', 'segmentation', 'detection', 'reconstruction'] as const;
export type Task = (typeof tasks)[number];
