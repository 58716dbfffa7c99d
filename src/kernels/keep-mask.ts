import { hash32 } from '../base/random.js';
import {
  branchIf,
  encodeModule,
  i32Const,
  instruction,
  localGet,
  localSet,
  localTee,
  type ValueType,
  v128Load,
  v128Store,
  valueType,
} from './wasm.js';

/** Streams of random words side by side: two vectors of four. */
const maskStreams = 8;

/** Bytes of the mask that one turn of the loop writes: 16 random bits decide each. */
const maskBytesPerTurn = 16;

/** Words of a stream's state: a, b, c and the counter of sfc32. */
const stateWords = 4;
const stateBytes = maskStreams * stateWords * 4;
const warmUpRounds = 12; // as the generator's author seeds it

/** The two words that key a mask. */
export type MaskKey = readonly [number, number];

/**
 * Writes a mask of bytes, from a byte address that is a multiple of 16 on: 1 with probability 1 - `rate` (in steps of
 * 2^-16), else 0. `count` is rounded up to a multiple of 16. A pure function of key, count and rate.
 */
export type MaskWriter = (address: number, count: number, rate: number, key: MaskKey) => void;

/** The starting states of the streams of a key: sfc32 (Doty-Humphrey) seeded by a hash of key and stream. */
function seedStreams([first, second]: MaskKey, state: Int32Array): void {
  for (let stream = 0; stream < maskStreams; stream++) {
    let [a, b, c] = [0, 1, 2].map((word) => hash32(first >>> 0, 'dropout', second >>> 0, stream, word) | 0) as [
      number,
      number,
      number,
    ];
    let counter = 1;
    for (let round = 0; round < warmUpRounds; round++) {
      const word = (((a + b) | 0) + counter) | 0;
      counter++;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + word) | 0;
    }
    // Vectors of four streams, one word of the state each.
    const place = Math.floor(stream / 4) * stateWords * 4 + (stream % 4);
    [a, b, c, counter].forEach((word, index) => (state[place + index * 4] = word));
  }
}

/** `(bytes, address, state, threshold)`: the loop over turns; each stream as `RandomStream.uint32` steps. */
function maskLoop(): { parameters: ValueType[]; locals: ValueType[]; body: number[] } {
  const parameters = [valueType.i32, valueType.i32, valueType.i32, valueType.i32];
  const [bytes, address, state, threshold] = [0, 1, 2, 3];
  let next = parameters.length;
  const vector = (): number => next++;
  const [one, limit, ones] = [vector(), vector(), vector()];
  const groups = [0, 1].map((group) => ({
    group,
    a: vector(),
    b: vector(),
    c: vector(),
    counter: vector(),
    word: vector(),
  }));
  const shifted = (local: number, by: number, how: readonly number[]): number[] => [
    ...localGet(local),
    ...i32Const(by),
    ...how,
  ];
  const body: number[] = [
    ...[...i32Const(1), ...instruction.i32x4Splat, ...localSet(one)],
    ...[...localGet(threshold), ...instruction.i16x8Splat, ...localSet(limit)],
    ...[...i32Const(1), ...instruction.i8x16Splat, ...localSet(ones)],
    ...groups.flatMap(({ group, a, b, c, counter }) =>
      [a, b, c, counter].flatMap((local, word) => [
        ...localGet(state),
        ...v128Load((group * stateWords + word) * 16),
        ...localSet(local),
      ]),
    ),
    ...instruction.loop,
    ...groups.flatMap(({ a, b, c, counter, word }) => [
      ...[
        ...localGet(a),
        ...localGet(b),
        ...instruction.i32x4Add,
        ...localGet(counter),
        ...instruction.i32x4Add,
        ...localSet(word),
      ],
      ...[...localGet(counter), ...localGet(one), ...instruction.i32x4Add, ...localSet(counter)],
      ...[...localGet(b), ...shifted(b, 9, instruction.i32x4ShiftRight), ...instruction.v128Xor, ...localSet(a)],
      ...[...localGet(c), ...shifted(c, 3, instruction.i32x4ShiftLeft), ...instruction.i32x4Add, ...localSet(b)],
      ...[
        ...shifted(c, 21, instruction.i32x4ShiftLeft),
        ...shifted(c, 11, instruction.i32x4ShiftRight),
        ...instruction.v128Or,
      ],
      ...[...localGet(word), ...instruction.i32x4Add, ...localSet(c)],
    ]),
    ...localGet(address),
    ...groups.flatMap(({ word }) => [...localGet(word), ...localGet(limit), ...instruction.i16x8NotBelow]),
    ...[...instruction.i8x16Narrow, ...localGet(ones), ...instruction.v128And, ...v128Store(0)],
    ...[...localGet(address), ...i32Const(maskBytesPerTurn), ...instruction.i32Add, ...localSet(address)],
    ...[...localGet(bytes), ...i32Const(-maskBytesPerTurn), ...instruction.i32Add, ...localTee(bytes), ...branchIf(0)],
    ...instruction.end,
  ];
  return { parameters, locals: Array.from({ length: next - parameters.length }, () => valueType.v128), body };
}

/**
 * Compiles the mask writer over a shared memory.
 *
 * @param stateAddress where 128 bytes, at a multiple of 16, are the writer's own.
 */
export function openMaskWriter(memory: WebAssembly.Memory, stateAddress: number): MaskWriter {
  const module = new WebAssembly.Module(encodeModule([{ name: 'mask', results: [], ...maskLoop() }]));
  const { exports } = new WebAssembly.Instance(module, { arena: { memory } });
  const loop = exports['mask'] as (bytes: number, address: number, state: number, threshold: number) => void;
  const state = new Int32Array(memory.buffer, stateAddress, stateBytes / 4);
  return (address, count, rate, key) => {
    if (count === 0) return;
    seedStreams(key, state);
    const bytes = Math.ceil(count / maskBytesPerTurn) * maskBytesPerTurn;
    loop(bytes, address, stateAddress, Math.min(Math.round(rate * 65_536), 65_535));
  };
}

/** Bytes that `openMaskWriter` keeps its state in. */
export const maskStateBytes = stateBytes;
