export type { ModelOptions, Network, NetworkOption, NetworkShape } from './define.js';
export { initialWeights, layersByPath, setWeights } from './initial-weights.js';
export { loadArchitecture } from './keras-config.js';
export { checkOutputs, classScores, judgement, outputKind, outputLength, probabilities, type Judgement, type OutputKind } from './outputs.js';
export { modelParameters, type ModelParameter } from './parameters.js';
export { formatSummary, modelSummary, type LayerSummary, type ModelSummary } from './summary.js';
export { takesRawPixels } from './scaled-input.js';
export { createModel, networkNamed, networks } from './registry.js';
