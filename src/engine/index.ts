export { stats } from './contract.js';
export type { Engine, EngineContext, ShardTask } from './contract.js';
export { EagerEngine } from './eager.js';
export { stepKey } from './key.js';
