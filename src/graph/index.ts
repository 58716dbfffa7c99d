export { type CompiledModel, type CompileOptions, compileModel, compilerVersion, type ModelParts } from './compile.js';
export type { Exchange, ProductSpec } from './factors.js';
export type { CompiledFunction, GraphInput } from './feeds.js';
export { type InferenceGraph, type InferenceOptions, inferenceGraph } from './inference.js';
export { attributeMessage, writeSavedModel } from './saved-model.js';
export { randomLayers, shardDependentLayers, unsupportedLayers } from './traits.js';
