export { type CompiledModel, type CompileOptions, compileModel, compilerVersion, type ModelParts } from './compile.js';
export type { Exchange, ProductSpec } from './factors.js';
export { type CompiledFunction, type GraphInput, statsLength } from './feeds.js';
export { mixLength, mixPlaces } from './mix.js';
export { randomLayers, unsupportedLayers } from './walk.js';
