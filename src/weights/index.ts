export { type ApplicationDownloadOptions, applicationWeights, downloadApplicationWeights } from './application-weights.js';
export { type Application, type ApplicationFile, applicationNamed, applications } from './applications.js';
export { loadModelFile, type LoadedModel } from './load-model.js';
export { mapWeights, type MapOptions } from './map.js';
export { readWeightsFile } from './read.js';
export { readSafetensors, writeSafetensors, type SafetensorsFile } from './safetensors.js';
export type { NamedTensor, WeightsFile, WeightsFormat } from './tensors.js';
