export {
  type ApplicationDownloadOptions,
  applicationWeights,
  downloadApplicationWeights,
} from './application-weights.js';
export { type Application, type ApplicationFile, applicationNamed, applications } from './applications.js';
export { type LoadedModel, loadModelFile } from './load-model.js';
export { type MapOptions, mapWeights } from './map.js';
export { openModelFile } from './model-file.js';
export { readWeightsFile } from './read.js';
export { readSafetensors, type SafetensorsFile, writeSafetensors } from './safetensors.js';
export type { NamedTensor, WeightsFile, WeightsFormat } from './tensors.js';
