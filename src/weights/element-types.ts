/** Element types of weights files, their sizes, and how they become float32. All files here are little-endian. */

/** How elements of one type are stored. */
export interface ElementType {
  readonly bytes: number;
  decode(view: DataView, count: number): Float32Array<ArrayBuffer>;
}

function numbers(bytes: number, read: (view: DataView, at: number) => number): ElementType {
  return {
    bytes,
    decode(view, count) {
      const values = new Float32Array(count);
      for (let i = 0; i < count; i++) values[i] = read(view, i * bytes);
      return values;
    },
  };
}

/** IEEE 754 binary16 to number: 1 sign, 5 exponent (bias 15), 10 fraction bits. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24; // zero and subnormals
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const bitsOfFloat = new DataView(new ArrayBuffer(4));

/** bfloat16 is the upper half of a float32. */
function brainToNumber(bits: number): number {
  bitsOfFloat.setUint32(0, bits * 0x1_0000);
  return bitsOfFloat.getFloat32(0);
}

const float32: ElementType = {
  bytes: 4,
  decode(view, count) {
    const values = new Float32Array(count);
    new Uint8Array(values.buffer).set(new Uint8Array(view.buffer, view.byteOffset, count * 4));
    return values;
  },
};

/** By the names safetensors gives them. */
export const elementTypes: ReadonlyMap<string, ElementType> = new Map([
  ['F32', float32],
  ['F64', numbers(8, (view, at) => view.getFloat64(at, true))],
  ['F16', numbers(2, (view, at) => halfToNumber(view.getUint16(at, true)))],
  ['BF16', numbers(2, (view, at) => brainToNumber(view.getUint16(at, true)))],
  ['I64', numbers(8, (view, at) => Number(view.getBigInt64(at, true)))],
  ['U64', numbers(8, (view, at) => Number(view.getBigUint64(at, true)))],
  ['I32', numbers(4, (view, at) => view.getInt32(at, true))],
  ['U32', numbers(4, (view, at) => view.getUint32(at, true))],
  ['I16', numbers(2, (view, at) => view.getInt16(at, true))],
  ['U16', numbers(2, (view, at) => view.getUint16(at, true))],
  ['I8', numbers(1, (view, at) => view.getInt8(at))],
  ['U8', numbers(1, (view, at) => view.getUint8(at))],
  ['BOOL', numbers(1, (view, at) => (view.getUint8(at) === 0 ? 0 : 1))],
]);
