export { compileKernels, elementsPerTurn, type Kernel, type KernelResult } from './compile.js';
export {
  absolute,
  add,
  constant,
  divide,
  type Expression,
  type KernelProgram,
  kernelProgram,
  lane,
  maximum,
  minimum,
  multiply,
  operands,
  scalar,
  squareRoot,
  subtract,
} from './expression.js';
export { interpret } from './interpret.js';
export { type MaskKey, type MaskWriter, maskStateBytes, openMaskWriter } from './keep-mask.js';
export { type Addend, openReducer, type Reducer } from './reduce.js';
export {
  branchIf,
  encodeModule,
  i32Const,
  instruction,
  localGet,
  localSet,
  localTee,
  unsigned,
  v128Load,
  v128Store,
  valueType,
  type WasmFunction,
} from './wasm.js';
