export type { ModelOptions, Network, NetworkShape } from './define.js';
export { type DetectionOptions, type Detections, detectionsOf, scoreKind, withProbabilities } from './detections.js';
export { initialWeights, layersByPath, setWeights } from './initial-weights.js';
export { type InputSize, loadArchitecture } from './keras-config.js';
export {
  checkOutputs,
  classScores,
  givesProbabilities,
  judgement,
  keptLength,
  outputLength,
  outputShape,
  outputThreshold,
  probabilities,
  withoutDraws,
} from './outputs.js';
export { type ModelParameter, modelParameters } from './parameters.js';
export { createModel, networkNamed, networks } from './registry.js';
export { takesRawPixels } from './scaled-input.js';
export { formatSummary, type LayerSummary, type ModelSummary, modelSummary } from './summary.js';
