export {
  type ApplicationDownloadOptions,
  applicationWeights,
  downloadApplicationWeights,
} from './application-weights.js';
export { type Application, applicationNamed, applications } from './applications.js';
export { flattenedBefore } from './layouts.js';
export { loadModelFile, readModelFile } from './load-model.js';
export { type MapOptions, mapWeights } from './map.js';
export { openModelFile } from './model-file.js';
export { readWeightsFile } from './read.js';
export { readSafetensors, writeSafetensors } from './safetensors.js';
export type { NamedTensor, WeightsFile } from './tensors.js';
