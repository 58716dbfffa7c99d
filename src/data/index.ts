export { catalog, catalogEntry } from './catalog.js';
export type { CatalogEntry, CatalogFile } from './catalog.js';
export { openDataset } from './open.js';
export type { OpenedDataset } from './open.js';
export type { BadImage, DataProgress, OpenOptions } from './options.js';
export { limits } from './limits.js';
export { cacheFolder } from './places.js';
export { batches, epochOrder, shards } from './sampler.js';
export type { BatchSamples, ShardRange } from './sampler.js';
