export { CompiledEngine, type CompiledSpec } from './compiled.js';
export type { Engine, EngineContext, ProductTask, ShardTask } from './contract.js';
export { createEngine, type EngineSource } from './create.js';
export { EagerEngine } from './eager.js';
export { Feeds, memoryIsShared } from './feeds.js';
export { compiledGraph, type GraphCacheOptions } from './graph-cache.js';
export { stepKey } from './key.js';
export { drawMix } from './mix.js';
