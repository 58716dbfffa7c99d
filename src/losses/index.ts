export { loadModuleLoss, type ModuleLoss } from './module-loss.js';
export { detectionLosses, type SampleLosses, sampleLosses } from './sample-losses.js';
export { parseLoss } from './spec/index.js';
