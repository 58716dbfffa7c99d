export { type CompiledModel, type CompileOptions, compileModel, compilerVersion, type ModelParts } from './compile.js';
export type { Exchange, ProductSpec } from './factors.js';
export type { CompiledFunction, GraphInput } from './feeds.js';
export { randomLayers, shardDependentLayers, unsupportedLayers } from './traits.js';
