/**
 * The two passes of a resize as WebAssembly SIMD: along rows, then down columns, each a weighted sum of 8-bit pixels
 * with 14-bit weights, rounded to 8 bits in between as Pillow does.
 */
import {
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
} from '../kernels/index.js';

/** Weights are integers that sum to 2^14: the largest power of two that a signed 16-bit number holds is that. */
export const weightBits = 14;
/** Taps of one turn of the inner loop, along a row and down a column; weights are padded to them with zeros. */
export const rowTaps = 4;
export const columnTaps = 2;
/** Bytes that one instruction takes. */
export const vectorBytes = 16;

/** Both passes over one memory, addresses in bytes. Offsets are i32, weights i16, `turns` of the inner loop for each. */
export interface ResizePasses {
  /**
   * Along rows: `rows` rows, `stride` bytes apart, to rows of `width` pixels behind each other. Pixel x is the sum of
   * pixels from byte `offsets[x]` of its row on. Reads up to 16 bytes and writes up to 3 behind the last.
   */
  rows(
    from: number,
    to: number,
    rows: number,
    stride: number,
    offsets: number,
    weights: number,
    width: number,
    turns: number,
  ): void;
  /**
   * Down columns: `height` rows of `stride` bytes. Row y is the sum of rows from byte `offsets[y]` on. Reads up to 15
   * bytes and one row, and writes up to 15 bytes, behind the last.
   */
  columns(
    from: number,
    to: number,
    height: number,
    stride: number,
    offsets: number,
    weights: number,
    turns: number,
  ): void;
}

const i32Load = [0x28, 2, 0];
const i32Subtract = [0x6b];
const i32BelowUnsigned = [0x49];
const load32Splat = (offset: number): number[] => [0xfd, 0x09, 2, ...unsigned(offset)];
const shuffle = (lanes: readonly number[]): number[] => [0xfd, 0x0d, ...lanes];
const dotPairs = [0xfd, 0xba, 0x01]; // i32x4.dot_i16x8_s
const shiftRightSigned = [0xfd, 0xac, 0x01];
const narrowTo16 = [0xfd, 0x85, 0x01]; // signed
const narrowTo8 = [0xfd, 0x66]; // unsigned, saturating
const extendLow = [0xfd, 0x89, 0x01]; // of bytes, unsigned
const extendHigh = [0xfd, 0x8a, 0x01];
const half = [...i32Const(1 << (weightBits - 1)), ...instruction.i32x4Splat];
const rounded = [...i32Const(weightBits), ...shiftRightSigned];

const step = (local: number, by: readonly number[]): number[] => [
  ...localGet(local),
  ...by,
  ...instruction.i32Add,
  ...localSet(local),
];
const add = (local: number, bytes: number): number[] => step(local, i32Const(bytes));
/** Counts a local down and begins the loop again while it is not zero. */
const again = (local: number): number[] => [
  ...localGet(local),
  ...i32Const(1),
  ...i32Subtract,
  ...localTee(local),
  ...branchIf(0),
];

/** Bytes of taps `first` and `first` + 1 as 16-bit pairs, a pair a channel; 16 and up are zeros. */
function pairs(first: number, channels: number): number[] {
  const lanes = new Array<number>(16).fill(16);
  for (let channel = 0; channel < channels; channel++) {
    lanes[4 * channel] = first * channels + channel;
    lanes[4 * channel + 2] = (first + 1) * channels + channel;
  }
  return lanes;
}

function rowsFunction(channels: 1 | 3): WasmFunction {
  const [from, to, rows, stride, offsets, weights, width, turns] = [0, 1, 2, 3, 4, 5, 6, 7] as const;
  const [offset, weight, pixel, at, turn, sum, bytes, zero] = [8, 9, 10, 11, 12, 13, 14, 15] as const; // zero: never set
  const taps = (first: number): number[] => [
    ...localGet(bytes),
    ...localGet(zero),
    ...shuffle(pairs(first, channels)),
    ...localGet(weight),
    ...load32Splat(2 * first),
    ...dotPairs,
    ...localGet(sum),
    ...instruction.i32x4Add,
    ...localSet(sum),
  ];
  const body = [
    ...instruction.loop, // rows
    ...localGet(offsets),
    ...localSet(offset),
    ...localGet(weights),
    ...localSet(weight),
    ...localGet(width),
    ...localSet(pixel),
    ...instruction.loop, // pixels
    ...localGet(from),
    ...localGet(offset),
    ...i32Load,
    ...instruction.i32Add,
    ...localSet(at),
    ...half,
    ...localSet(sum),
    ...localGet(turns),
    ...localSet(turn),
    ...instruction.loop, // taps
    ...localGet(at),
    ...v128Load(0),
    ...localSet(bytes),
    ...taps(0),
    ...taps(2),
    ...add(at, rowTaps * channels),
    ...add(weight, 2 * rowTaps),
    ...again(turn),
    ...instruction.end,
    ...localGet(to),
    ...localGet(sum),
    ...rounded,
    ...localGet(zero),
    ...narrowTo16,
    ...localGet(zero),
    ...narrowTo8,
    ...(channels === 3 ? [0xfd, 0x5a, 2, 0, 0] : [0xfd, 0x58, 0, 0, 0]), // v128.store32_lane, v128.store8_lane of lane 0
    ...add(to, channels),
    ...add(offset, 4),
    ...again(pixel),
    ...instruction.end,
    ...step(from, localGet(stride)),
    ...again(rows),
    ...instruction.end,
  ];
  const { i32, v128 } = valueType;
  return {
    name: `rows${channels}`,
    parameters: new Array(8).fill(i32),
    results: [],
    locals: [i32, i32, i32, i32, i32, v128, v128, v128],
    body,
  };
}

function columnsFunction(): WasmFunction {
  const [from, to, height, stride, offsets, weights, turns] = [0, 1, 2, 3, 4, 5, 6] as const;
  const [weight, x, at, turn, above, below, both, factors] = [7, 8, 9, 10, 11, 12, 13, 14] as const;
  const sums = [15, 16, 17, 18] as const;
  // Bytes of two rows in turn: (above 0, below 0, above 1, below 1...) of the first and of the last eight columns.
  const interleaved = [0, 8].map((start) =>
    shuffle(Array.from({ length: 16 }, (_, lane) => start + (lane >> 1) + (lane % 2) * 16)),
  );
  const accumulate = (sum: number, extend: readonly number[]): number[] => [
    ...localGet(both),
    ...extend,
    ...localGet(factors),
    ...dotPairs,
    ...localGet(sum),
    ...instruction.i32x4Add,
    ...localSet(sum),
  ];
  const narrowed = (first: number, second: number): number[] => [
    ...localGet(first),
    ...rounded,
    ...localGet(second),
    ...rounded,
    ...narrowTo16,
  ];
  const body = [
    ...instruction.loop, // rows
    ...i32Const(0),
    ...localSet(x),
    ...instruction.loop, // 16 bytes of a row
    ...localGet(from),
    ...localGet(offsets),
    ...i32Load,
    ...instruction.i32Add,
    ...localGet(x),
    ...instruction.i32Add,
    ...localSet(at),
    ...sums.flatMap((sum) => [...half, ...localSet(sum)]),
    ...localGet(weights),
    ...localSet(weight),
    ...localGet(turns),
    ...localSet(turn),
    ...instruction.loop, // taps
    ...localGet(at),
    ...v128Load(0),
    ...localSet(above),
    ...localGet(at),
    ...localGet(stride),
    ...instruction.i32Add,
    ...localTee(at),
    ...v128Load(0),
    ...localSet(below),
    ...localGet(weight),
    ...load32Splat(0),
    ...localSet(factors),
    ...interleaved.flatMap((lanes, index) => [
      ...localGet(above),
      ...localGet(below),
      ...lanes,
      ...localSet(both),
      ...accumulate(sums[2 * index] ?? 0, extendLow),
      ...accumulate(sums[2 * index + 1] ?? 0, extendHigh),
    ]),
    ...step(at, localGet(stride)),
    ...add(weight, 2 * columnTaps),
    ...again(turn),
    ...instruction.end,
    ...localGet(to),
    ...localGet(x),
    ...instruction.i32Add,
    ...narrowed(sums[0], sums[1]),
    ...narrowed(sums[2], sums[3]),
    ...narrowTo8,
    ...v128Store(0),
    ...localGet(x),
    ...i32Const(vectorBytes),
    ...instruction.i32Add,
    ...localTee(x),
    ...localGet(stride),
    ...i32BelowUnsigned,
    ...branchIf(0),
    ...instruction.end,
    ...step(to, localGet(stride)),
    ...add(offsets, 4),
    ...localGet(weight),
    ...localSet(weights), // behind this row's weights lie the next one's
    ...again(height),
    ...instruction.end,
  ];
  const { i32, v128 } = valueType;
  return {
    name: 'columns',
    parameters: new Array(7).fill(i32),
    results: [],
    locals: [i32, i32, i32, i32, ...new Array(8).fill(v128)],
    body,
  };
}

type Passes = Record<'rows1' | 'rows3', ResizePasses['rows']> & Pick<ResizePasses, 'columns'>;

let module: WebAssembly.Module | undefined;

/** Compiles the passes for images of 1 or 3 channels in `memory` (shared). */
export function compileResize(memory: WebAssembly.Memory): (channels: 1 | 3) => ResizePasses {
  module ??= new WebAssembly.Module(encodeModule([rowsFunction(1), rowsFunction(3), columnsFunction()]));
  const { exports } = new WebAssembly.Instance(module, { arena: { memory } });
  const passes = exports as Passes;
  return (channels) => ({ rows: channels === 1 ? passes.rows1 : passes.rows3, columns: passes.columns });
}
