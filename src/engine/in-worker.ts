/** What a gradient worker needs of this room: it loads no compiler, and the eager engine only where that is asked for. */
export type { Engine, ShardTask } from './contract.js';
export { createEngine } from './create.js';
