export {
  compilerVersion,
  compileModel,
  statsLength,
  type CompiledFunction,
  type CompiledModel,
  type CompileOptions,
  type GraphInput,
} from './compile.js';
export { randomLayers, unsupportedLayers } from './walk.js';
