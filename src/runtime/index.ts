/** Opens what a run needs. */
export type { Datasets, Runtime, RuntimeInternals, RuntimeOptions } from './contract.js';
export { onThisProcessor } from './engine-source.js';
export { openData } from './open-data.js';
export { openRuntime, openSchedule } from './runtime.js';
export { ruleSettings, type TunedSettings, writeTunedSettings } from './tuned-settings.js';
