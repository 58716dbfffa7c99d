/** Choices that the command line lists before it loads what they choose from. */

/** Parts of a dataset that a run can be evaluated on. */
export const splits = ['test', 'validation', 'train'] as const;
export type Split = (typeof splits)[number];

/** What `analyseRun` can draw. */
export const analyses = ['filters', 'activations', 'pca', 'tsne'] as const;
export type Analysis = (typeof analyses)[number];
