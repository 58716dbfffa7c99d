export { stats } from './contract.js';
export type { Engine, EngineContext, ProductTask, ShardTask } from './contract.js';
export { CompiledEngine, type CompiledSpec } from './compiled.js';
export { createEngine, type EngineSource } from './create.js';
export { EagerEngine } from './eager.js';
export { compiledGraph, type GraphCacheOptions } from './graph-cache.js';
export { Feeds, memoryIsShared } from './feeds.js';
export { stepKey } from './key.js';
export { drawMix } from './mix.js';
