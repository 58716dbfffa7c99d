export { readSafetensors, writeSafetensors, type SafetensorsFile } from './safetensors.js';
export type { NamedTensor, WeightsFile, WeightsFormat } from './tensors.js';
