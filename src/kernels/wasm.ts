/**
 * A small assembler for the WebAssembly binary format (core specification 2.0, chapter 5, and the threads proposal for
 * shared memory): just what a loop over an imported memory needs.
 */

/** Value types by their binary code. */
export const valueType = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b } as const;
export type ValueType = (typeof valueType)[keyof typeof valueType];

/** Instructions without immediate operands, by their bytes. SIMD instructions start with 0xfd and a LEB128 number. */
export const instruction = {
  end: [0x0b],
  loop: [0x03, 0x40], // with the empty block type
  i32Add: [0x6a],
  f64Add: [0xa0],
  f32x4Splat: [0xfd, 0x13],
  f32x4Absolute: [0xfd, 0xe0, 0x01],
  f32x4SquareRoot: [0xfd, 0xe3, 0x01],
  f32x4Add: [0xfd, 0xe4, 0x01],
  f32x4Subtract: [0xfd, 0xe5, 0x01],
  f32x4Multiply: [0xfd, 0xe6, 0x01],
  f32x4Divide: [0xfd, 0xe7, 0x01],
  f32x4Minimum: [0xfd, 0xe8, 0x01],
  f32x4Maximum: [0xfd, 0xe9, 0x01],
  f64x2Add: [0xfd, 0xf0, 0x01],
  f64x2Multiply: [0xfd, 0xf2, 0x01],
  f64x2PromoteLow: [0xfd, 0x5f],
  i8x16Splat: [0xfd, 0x0f],
  i16x8Splat: [0xfd, 0x10],
  i32x4Splat: [0xfd, 0x11],
  /** Of unsigned numbers: all bits set where the first is at least the second. */
  i16x8NotBelow: [0xfd, 0x36],
  /** Two vectors of signed 16-bit numbers to one of signed bytes. */
  i8x16Narrow: [0xfd, 0x65],
  v128And: [0xfd, 0x4e],
  v128Or: [0xfd, 0x50],
  v128Xor: [0xfd, 0x51],
  /** 1 where any bit is set, else 0. */
  v128AnyTrue: [0xfd, 0x53],
  i32x4ShiftLeft: [0xfd, 0xab, 0x01],
  /** Of unsigned numbers. */
  i32x4ShiftRight: [0xfd, 0xad, 0x01],
  i32x4Add: [0xfd, 0xae, 0x01],
} as const;

/** Unsigned LEB128. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest === 0 ? low : low | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** Signed LEB128 of a 32-bit integer. */
export function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const last = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    bytes.push(last ? low : low | 0x80);
    if (last) return bytes;
  }
}

function vector(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function name(text: string): number[] {
  const bytes = new TextEncoder().encode(text);
  return [...unsigned(bytes.length), ...bytes];
}

function section(id: number, body: readonly number[]): number[] {
  return [id, ...unsigned(body.length), ...body];
}

/** A 16-byte memory access is aligned to 2^4 bytes in every kernel. */
const vectorAlignment = 4;

export const localGet = (index: number): number[] => [0x20, ...unsigned(index)];
export const localSet = (index: number): number[] => [0x21, ...unsigned(index)];
export const localTee = (index: number): number[] => [0x22, ...unsigned(index)];
export const branchIf = (depth: number): number[] => [0x0d, ...unsigned(depth)];
export const i32Const = (value: number): number[] => [0x41, ...signed(value)];
export const f32Const = (value: number): number[] => [0x43, ...new Uint8Array(new Float32Array([value]).buffer)];
export const v128Load = (offset: number): number[] => [0xfd, 0x00, vectorAlignment, ...unsigned(offset)];
export const v128Store = (offset: number): number[] => [0xfd, 0x0b, vectorAlignment, ...unsigned(offset)];
export const f64x2ExtractLane = (lane: 0 | 1): number[] => [0xfd, 0x21, lane];
/** i8x16.shuffle of (x, x) that moves the upper two floats to the lower half. */
export const upperHalf: readonly number[] = [0xfd, 0x0d, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];

/** A function to export. */
export interface WasmFunction {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
  /** Types of the locals behind the parameters. */
  readonly locals: readonly ValueType[];
  /** Instructions, without the closing `end`. */
  readonly body: readonly number[];
}

/** Encodes a module that imports the shared memory `arena.memory` and exports the functions. */
export function encodeModule(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const types = functions.map((f) => [
    0x60,
    ...vector(f.parameters.map((type) => [type])),
    ...vector(f.results.map((type) => [type])),
  ]);
  // Limits flag 3: shared, with a maximum; 65536 pages admit every 32-bit memory.
  const memory = [...name('arena'), ...name('memory'), 0x02, 0x03, ...unsigned(1), ...unsigned(65_536)];
  const codes = functions.map((f) => {
    const locals = vector(f.locals.map((type) => [...unsigned(1), type]));
    const code = [...locals, ...f.body, ...instruction.end];
    return [...unsigned(code.length), ...code];
  });
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // "\0asm", version 1
    ...section(1, vector(types)),
    ...section(2, vector([memory])),
    ...section(3, vector(functions.map((_, index) => unsigned(index)))),
    ...section(7, vector(functions.map((f, index) => [...name(f.name), 0x00, ...unsigned(index)]))),
    ...section(10, vector(codes)),
  ]);
}
