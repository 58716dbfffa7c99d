import type { DataType, Value } from './types.js';

/** Encodes numbers as a constant's bytes, little endian. */
export function encodeElements(values: readonly number[], type: DataType): Uint8Array {
  switch (type) {
    case 'float32':
      return bytesOf(Float32Array.from(values));
    case 'bfloat16':
      return bytesOf(Uint16Array.from(values, bfloat16Bits));
    case 'int32':
      return bytesOf(Int32Array.from(values));
    case 'int64':
      return bytesOf(BigInt64Array.from(values, BigInt));
    case 'int16':
      return bytesOf(Int16Array.from(values));
    case 'uint8':
    case 'bool':
      return Uint8Array.from(values);
    case 'complex64':
      throw new TypeError('complex numbers are only used to copy, never as constants');
  }
}

/** The numbers of a value that is an int32 constant: axes, paddings, sizes. */
export function constantIntegers(value: Value): number[] {
  const constant = value.node.attributes['value'];
  if (typeof constant !== 'object' || !('tensor' in constant)) throw new TypeError(`${value.node.name} is no constant`);
  const { buffer, byteOffset, byteLength } = constant.tensor;
  return [...new Int32Array(buffer, byteOffset, byteLength / 4)];
}

function bytesOf(array: Float32Array | Uint16Array | Int32Array | BigInt64Array | Int16Array): Uint8Array {
  return new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
}

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

/** The upper half of a float32, rounded to nearest even. */
function bfloat16Bits(value: number): number {
  float[0] = value;
  const bits = word[0] as number;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}
