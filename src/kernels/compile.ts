import { type BinaryOperation, type Expression, type KernelProgram, type UnaryOperation, visit } from './expression.js';
import {
  branchIf,
  encodeModule,
  f32Const,
  f64x2ExtractLane,
  i32Const,
  instruction,
  localGet,
  localSet,
  localTee,
  upperHalf,
  type ValueType,
  v128Load,
  v128Store,
  valueType,
  type WasmFunction,
} from './wasm.js';

/** Elements one turn of the loop handles: four vectors, one cache line of each array. Ranges are multiples of it. */
export const elementsPerTurn = 16;

const vectorsPerTurn = elementsPerTurn / 4;
const bytesPerVector = 16;
const bytesPerTurn = vectorsPerTurn * bytesPerVector;

const unaryInstruction: Readonly<Record<UnaryOperation, readonly number[]>> = {
  squareRoot: instruction.f32x4SquareRoot,
  absolute: instruction.f32x4Absolute,
};

const binaryInstruction: Readonly<Record<BinaryOperation, readonly number[]>> = {
  add: instruction.f32x4Add,
  subtract: instruction.f32x4Subtract,
  multiply: instruction.f32x4Multiply,
  divide: instruction.f32x4Divide,
  maximum: instruction.f32x4Maximum,
  minimum: instruction.f32x4Minimum,
};

/** Locals and code of the function under construction. */
class FunctionWriter {
  readonly locals: ValueType[] = [];
  readonly code: number[] = [];
  readonly #parameters: number;

  constructor(parameters: number) {
    this.#parameters = parameters;
  }

  emit(...pieces: readonly (readonly number[])[]): void {
    for (const piece of pieces) this.code.push(...piece);
  }

  local(type: ValueType): number {
    this.locals.push(type);
    return this.#parameters + this.locals.length - 1;
  }
}

/** Puts scalars and constants into vector locals before the loop, and finds which nodes are used more than once. */
function hoist(
  program: KernelProgram,
  writer: FunctionWriter,
): { splats: Map<Expression, number>; shared: Set<Expression> } {
  const splats = new Map<Expression, number>();
  const shared = new Set<Expression>();
  const used = new Set<Expression>();
  const byText = new Map<string, number>();
  const roots = [...program.stores.map((store) => store.value), ...program.squareSums];
  const use = (node: Expression): void => void (used.has(node) ? shared.add(node) : used.add(node));
  roots.forEach(use);
  visit(roots, (node) => {
    if (node.kind === 'unary') use(node.input);
    if (node.kind === 'binary') [node.left, node.right].forEach(use);
    if (node.kind !== 'scalar' && node.kind !== 'constant') return;
    const text = node.kind === 'scalar' ? `scalar ${node.name}` : `constant ${node.value}`;
    let index = byText.get(text);
    if (index === undefined) {
      index = writer.local(valueType.v128);
      byText.set(text, index);
      const value =
        node.kind === 'scalar'
          ? localGet(1 + program.lanes.length + program.scalars.indexOf(node.name))
          : f32Const(node.value);
      writer.emit(value, instruction.f32x4Splat, localSet(index));
    }
    splats.set(node, index);
  });
  return { splats, shared };
}

/**
 * Compiles a program to `(bytes, ...lane addresses, ...scalars) -> (...sums of squares, flag)`, the flag of watched
 * programs only. `bytes` is a positive multiple of 64; addresses are multiples of 16.
 */
function compileFunction(name: string, program: KernelProgram): WasmFunction {
  const parameters: ValueType[] = [
    valueType.i32,
    ...program.lanes.map(() => valueType.i32),
    ...program.scalars.map(() => valueType.f32),
  ];
  const writer = new FunctionWriter(parameters.length);
  const { splats, shared } = hoist(program, writer);
  const sharedLocals = new Map([...shared].map((node) => [node, -1]));
  const addressOf = (lane: string): number[] => localGet(1 + program.lanes.indexOf(lane));
  // Two lanes of float64 for each half vector of a turn: independent chains, so additions overlap.
  const accumulators = program.squareSums.map(() =>
    Array.from({ length: vectorsPerTurn * 2 }, () => writer.local(valueType.v128)),
  );

  const write = (node: Expression, offset: number, done: Set<Expression>): void => {
    const splat = splats.get(node);
    if (splat !== undefined) return writer.emit(localGet(splat));
    let local = sharedLocals.get(node);
    if (local !== undefined && done.has(node)) return writer.emit(localGet(local));
    if (node.kind === 'lane') writer.emit(addressOf(node.name), v128Load(offset));
    if (node.kind === 'unary') {
      write(node.input, offset, done);
      writer.emit(unaryInstruction[node.operation]);
    }
    if (node.kind === 'binary') {
      write(node.left, offset, done);
      write(node.right, offset, done);
      writer.emit(binaryInstruction[node.operation]);
    }
    if (local === undefined) return;
    if (local < 0) {
      local = writer.local(valueType.v128);
      sharedLocals.set(node, local);
    }
    done.add(node);
    writer.emit(localTee(local));
  };

  const results = program.stores.map(() => writer.local(valueType.v128));
  // x - x is 0 for finite numbers and NaN for others; one chain of `or` for each vector of a turn.
  const watches = program.watched ? Array.from({ length: vectorsPerTurn }, () => writer.local(valueType.v128)) : [];
  const measured = writer.local(valueType.v128);
  const half = writer.local(valueType.v128);
  writer.emit(instruction.loop);
  for (let vector = 0; vector < vectorsPerTurn; vector++) {
    const offset = vector * bytesPerVector;
    const done = new Set<Expression>();
    program.stores.forEach((store, index) => {
      const result = results[index] ?? 0;
      write(store.value, offset, done);
      writer.emit(localSet(result));
      const watch = watches[vector];
      if (watch === undefined) return;
      writer.emit(localGet(result), localGet(result), instruction.f32x4Subtract);
      writer.emit(localGet(watch), instruction.v128Or, localSet(watch));
    });
    program.squareSums.forEach((value, index) => {
      write(value, offset, done);
      writer.emit(localSet(measured));
      for (const part of [0, 1] as const) {
        const accumulator = accumulators[index]?.[vector * 2 + part] ?? 0;
        writer.emit(localGet(measured));
        if (part === 1) writer.emit(localGet(measured), upperHalf);
        writer.emit(instruction.f64x2PromoteLow, localTee(half), localGet(half), instruction.f64x2Multiply);
        writer.emit(localGet(accumulator), instruction.f64x2Add, localSet(accumulator));
      }
    });
    program.stores.forEach((store, index) => {
      writer.emit(addressOf(store.lane), localGet(results[index] ?? 0), v128Store(offset));
    });
  }
  program.lanes.forEach((lane, index) => {
    writer.emit(addressOf(lane), i32Const(bytesPerTurn), instruction.i32Add, localSet(1 + index));
  });
  writer.emit(localGet(0), i32Const(-bytesPerTurn), instruction.i32Add, localTee(0), branchIf(0), instruction.end);

  for (const [first, ...rest] of accumulators) {
    const total = first ?? 0;
    for (const accumulator of rest) {
      writer.emit(localGet(total), localGet(accumulator), instruction.f64x2Add, localSet(total));
    }
    writer.emit(localGet(total), f64x2ExtractLane(0), localGet(total), f64x2ExtractLane(1), instruction.f64Add);
  }
  watches.forEach((watch, index) => writer.emit(localGet(watch), index === 0 ? [] : instruction.v128Or));
  if (program.watched) writer.emit(instruction.v128AnyTrue);
  return {
    name,
    parameters,
    results: [...program.squareSums.map(() => valueType.f64), ...(program.watched ? [valueType.i32] : [])],
    locals: writer.locals,
    body: writer.code,
  };
}

/** What a loop gives besides what it stores. */
export interface KernelResult {
  readonly sums: readonly number[];
  /** Of a watched program: whether all that it stored is finite; else true. */
  readonly finite: boolean;
}

/**
 * A compiled loop: elements from the given byte addresses on, `length` of them (a positive multiple of
 * `elementsPerTurn`); addresses and values in the order of the program's `lanes` and `scalars`.
 */
export type Kernel = (length: number, addresses: readonly number[], values: readonly number[]) => KernelResult;

/** What a loop gives that measures and watches nothing. */
const nothing: KernelResult = { sums: [], finite: true };

/** Compiles programs to WebAssembly SIMD loops over a shared memory. */
export function compileKernels<Name extends string>(
  memory: WebAssembly.Memory,
  programs: Readonly<Record<Name, KernelProgram>>,
): Readonly<Record<Name, Kernel>> {
  const named = Object.entries<KernelProgram>(programs);
  const module = new WebAssembly.Module(encodeModule(named.map(([name, program]) => compileFunction(name, program))));
  const { exports } = new WebAssembly.Instance(module, { arena: { memory } });
  const kernels = named.map(([name, program]): [string, Kernel] => {
    const loop = exports[name];
    if (typeof loop !== 'function') throw new Error(`kernel ${name} was not exported`);
    const call: (...numbers: number[]) => unknown = loop as (...numbers: number[]) => unknown;
    const count = program.squareSums.length;
    return [
      name,
      (length, addresses, values) => {
        const found = call(length * 4, ...addresses, ...values);
        if (found === undefined) return nothing;
        const results = Array.isArray(found) ? (found as number[]) : [Number(found)]; // a single result is no array
        return { sums: results.slice(0, count), finite: !program.watched || results[count] === 0 };
      },
    ];
  });
  return Object.fromEntries(kernels) as Record<Name, Kernel>;
}
