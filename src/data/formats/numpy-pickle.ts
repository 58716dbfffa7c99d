/** Pickles of NumPy's arrays beside texts, numbers and lists, as Python 2 and 3 write them. */
import { fileError } from '../../base/errors.js';
import { type PickleDict, PickleGlobal, PickleTuple, type PickleValue, readPickle } from '../../base/pickle.js';
import type { NumpyArray } from './numpy-array.js';

/** A type of elements; its state has the byte order. */
class ElementType {
  order = '|';
  constructor(readonly name: string) {}
}

/** An array, which is built after it is made. */
class BuiltArray implements NumpyArray {
  type = '';
  shape: readonly number[] = [];
  data: Uint8Array = new Uint8Array();
}

// NumPy 2 calls its core `_core`.
const reconstruct = ['numpy.core.multiarray._reconstruct', 'numpy._core.multiarray._reconstruct'];
const fromBuffer = ['numpy.core.numeric._frombuffer', 'numpy._core.numeric._frombuffer'];
const globals = new Set([...reconstruct, ...fromBuffer, 'numpy.ndarray', 'numpy.dtype', '_codecs.encode']);

/** A text, which Python 2 writes as bytes. */
export function textOf(value: PickleValue | undefined): string | undefined {
  if (typeof value === 'string') return value;
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : undefined;
}

/**
 * A pickled dict, by its keys of text. Nothing of the pickle is executed.
 *
 * @throws ConvoyError `CONVOY_DATA` with the byte, for other names than those of arrays, and for damage.
 */
export function readNumpyPickle(file: string, bytes: Uint8Array): ReadonlyMap<string, PickleValue> {
  const error = (place: string, expected: string, found: string): Error =>
    fileError('CONVOY_DATA', file, place, expected, found);
  // PROTO, which protocol 0 and 1 lack.
  if (bytes[0] !== 0x80) throw error('byte 0', 'a pickle of protocol 2 to 5', 'another file');
  const wrong = (name: string): Error => error(name, 'the arguments that NumPy writes', 'others');
  const value = readPickle(bytes, {
    content: 'arrays of NumPy and plain values',
    globals,
    error,
    call(name, [first, second, third, fourth]) {
      if (reconstruct.includes(name) && first instanceof PickleGlobal) return new BuiltArray();
      if (name === 'numpy.dtype' && textOf(first) !== undefined) return new ElementType(textOf(first) as string);
      if (name === '_codecs.encode' && typeof first === 'string' && second === 'latin1')
        return Buffer.from(first, 'latin1');
      if (fromBuffer.includes(name)) {
        const array = new BuiltArray();
        if (fill(array, third, second, fourth === 'F', first)) return array;
      }
      throw wrong(name);
    },
    build(object, state) {
      const items = state instanceof PickleTuple ? state.items : [];
      if (object instanceof ElementType) {
        object.order = textOf(items[1]) ?? '';
        return object;
      }
      if (!(object instanceof BuiltArray)) return undefined;
      if (!fill(object, items[1], items[2], items[3] !== false, items[4])) throw wrong('numpy.ndarray');
      return object;
    },
  });
  if (!(value instanceof Map)) throw error('', 'a dict', 'another value');
  return new Map([...(value as PickleDict)].map(([key, item]) => [textOf(key) ?? '', item] as const));
}

/** Gives an array its elements; false for arguments of another kind. */
function fill(
  array: BuiltArray,
  shape: PickleValue | undefined,
  type: PickleValue | undefined,
  columnsFirst: boolean,
  data: PickleValue | undefined,
): boolean {
  const sizes = shape instanceof PickleTuple ? shape.items : [];
  const areSizes = sizes.length > 0 && sizes.every((size) => Number.isSafeInteger(size) && (size as number) >= 0);
  if (!areSizes || !(type instanceof ElementType) || columnsFirst || !(data instanceof Uint8Array)) return false;
  const bytes = (sizes as number[]).reduce((product, size) => product * size, Number(type.name.slice(1)));
  if (data.length !== bytes) return false;
  array.shape = sizes as number[];
  array.type = `${type.order}${type.name}`;
  array.data = data;
  return true;
}
