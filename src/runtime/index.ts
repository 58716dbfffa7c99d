/** Opens what a run needs. */
export { onThisProcessor } from './engine-source.js';
export { type Datasets, openRuntime, type Runtime, type RuntimeOptions } from './runtime.js';
export { ruleSettings, type TunedSettings, writeTunedSettings } from './tuned-settings.js';
