/** `tf.train.Example` (tensorflow/core/example/example.proto), of which Protocol Buffers' wire format is read and written here. */

/** One feature: texts or images as bytes, floats, or integers. */
export type Feature =
  | { readonly kind: 'bytes'; readonly values: readonly Uint8Array[] }
  | { readonly kind: 'floats'; readonly values: readonly number[] }
  | { readonly kind: 'integers'; readonly values: readonly number[] };

/** Features by name. */
export type Example = ReadonlyMap<string, Feature>;

/** Thrown for bytes that are no message; the caller knows file and record. */
export class WireError extends Error {}

/** Fields of a message: number, wire type, and bytes or integer. */
function* fieldsOf(bytes: Uint8Array): Generator<{ readonly field: number; readonly value: Uint8Array | number }> {
  let at = 0;
  const integer = (): number => {
    const [value, next] = readInteger(bytes, at);
    at = next;
    return value;
  };
  while (at < bytes.length) {
    const tag = integer();
    const [field, type] = [Math.floor(tag / 8), tag % 8];
    if (type === 0) {
      yield { field, value: integer() };
      continue;
    }
    const length = type === 2 ? integer() : type === 5 ? 4 : type === 1 ? 8 : -1;
    if (length < 0 || at + length > bytes.length) throw new WireError(`field ${field} of ${bytes.length} bytes`);
    at += length;
    yield { field, value: bytes.subarray(at - length, at) };
  }
}

/** An integer of 7 bits a byte; negative ones have ten bytes. */
function readInteger(bytes: Uint8Array, start: number): readonly [value: number, next: number] {
  let value = 0n;
  for (let at = start, shift = 0n; at < bytes.length && shift < 70n; at++, shift += 7n) {
    const byte = bytes[at] as number;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return [Number(BigInt.asIntN(64, value)), at + 1];
  }
  throw new WireError('an integer without end');
}

function only(bytes: Uint8Array, wanted: number): Uint8Array[] {
  return [...fieldsOf(bytes)].flatMap(({ field, value }) =>
    field === wanted && typeof value !== 'number' ? [value] : [],
  );
}

/**
 * Reads an example.
 *
 * @throws WireError for other bytes.
 */
export function readExample(bytes: Uint8Array): Example {
  const entries = only(bytes, 1).flatMap((features) => only(features, 1));
  return new Map(
    entries.map((entry) => {
      const [name = new Uint8Array()] = only(entry, 1);
      return [Buffer.from(name).toString('utf8'), featureOf(only(entry, 2)[0] ?? new Uint8Array())];
    }),
  );
}

function featureOf(bytes: Uint8Array): Feature {
  const [{ field, value } = { field: 1, value: new Uint8Array() }] = fieldsOf(bytes);
  if (typeof value === 'number') throw new WireError('a list that is a number');
  if (field === 1) return { kind: 'bytes', values: only(value, 1) };
  const parts = [...fieldsOf(value)].filter((part) => part.field === 1).map((part) => part.value);
  if (field === 2) {
    const floats = parts.flatMap((part) => {
      if (typeof part === 'number' || part.length % 4 !== 0) throw new WireError('floats of 4 bytes');
      const view = new DataView(part.buffer, part.byteOffset, part.length);
      return Array.from({ length: part.length / 4 }, (_, index) => view.getFloat32(4 * index, true));
    });
    return { kind: 'floats', values: floats };
  }
  return { kind: 'integers', values: parts.flatMap((part) => (typeof part === 'number' ? [part] : integersOf(part))) };
}

function integersOf(bytes: Uint8Array): number[] {
  const values: number[] = [];
  for (let at = 0; at < bytes.length; ) {
    const [value, next] = readInteger(bytes, at);
    values.push(value);
    at = next;
  }
  return values;
}

/** Writes an example of bytes and integers. */
export function writeExample(features: Readonly<Record<string, Uint8Array | string | number>>): Uint8Array {
  const entries = Object.entries(features).map(([name, value]) => {
    const feature =
      typeof value === 'number'
        ? field(3, field(1, integer(value))) // Int64List, packed
        : field(1, field(1, typeof value === 'string' ? Buffer.from(value) : value));
    return field(1, Buffer.concat([field(1, Buffer.from(name)), field(2, feature)]));
  });
  return field(1, Buffer.concat(entries));
}

function field(number: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([integer(8 * number + 2), integer(bytes.length), bytes]);
}

function integer(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    bytes.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return Uint8Array.from(bytes);
}
