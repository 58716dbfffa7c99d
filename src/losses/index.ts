export { loadModuleLoss, type ModuleLoss } from './module-loss.js';
export { lossName, lossNames, lossSchema, parseLoss } from './schema.js';
export { sampleLosses, type SampleLosses } from './sample-losses.js';
