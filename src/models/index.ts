export type { ModelOptions, Network, NetworkOption } from './define.js';
export { initialWeights, layersByPath, setWeights } from './initial-weights.js';
export { modelParameters, type ModelParameter } from './parameters.js';
export { createModel, networkNamed, networks } from './registry.js';
