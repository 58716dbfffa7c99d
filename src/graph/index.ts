export { compilerVersion, compileModel, type CompiledModel, type CompileOptions, type ModelParts } from './compile.js';
export { type Exchange, type ProductSpec } from './factors.js';
export { statsLength, type CompiledFunction, type GraphInput } from './feeds.js';
export { mixLength, mixPlaces } from './mix.js';
export { randomLayers, unsupportedLayers } from './walk.js';
