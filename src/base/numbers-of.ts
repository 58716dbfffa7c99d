import { valueError } from './errors.js';

/** A tensor of tfjs; this file does not load it. */
export interface TensorValues {
  readonly shape: readonly number[];
  dataSync(): ArrayLike<number>;
}

/** Numbers in a row. */
export type TypedNumbers =
  | Uint8Array
  | Uint8ClampedArray
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | Float32Array
  | Float64Array;

/** Numbers as people have them: a tensor, a typed array, or lists of numbers, tensors, typed arrays or lists. */
export type Numbers = TensorValues | TypedNumbers | readonly number[] | readonly Numbers[];

/** The numbers behind each other, in row-major order, and the size of the whole. */
export interface SizedNumbers {
  readonly values: ArrayLike<number>;
  readonly size: readonly number[];
}

/**
 * Reads numbers of any form.
 *
 * @param name of the value, for messages.
 * @throws ConvoyError `CONVOY_OPTION` for parts of different sizes, or where something else than a number stands.
 */
export function numbersOf(numbers: unknown, name: string): SizedNumbers {
  if (isTensor(numbers)) return { values: numbers.dataSync(), size: numbers.shape };
  if (isTyped(numbers)) return { values: numbers, size: [numbers.length] };
  if (!Array.isArray(numbers)) throw valueError(name, 'numbers (a tensor, a typed array or nested arrays)', numbers);
  const wrong = numbers.findIndex((value) => typeof value !== 'number');
  if (wrong < 0) return { values: numbers, size: [numbers.length] };
  if (numbers.some((value) => typeof value === 'number'))
    throw valueError(`${name}[${wrong}]`, 'a number', numbers[wrong]);
  const parts = numbers.map((part, index) => numbersOf(part, `${name}[${index}]`));
  const { size = [] } = parts[0] ?? {};
  const values = new Float64Array(parts.reduce((sum, part) => sum + part.values.length, 0));
  let at = 0;
  for (const [index, part] of parts.entries()) {
    if (part.size.join('x') !== size.join('x')) {
      const expected = `arrays of one size (${name}[0] has ${size.join('x')})`;
      throw valueError(`${name}[${index}]`, expected, part.size.join('x'));
    }
    values.set(part.values, at);
    at += part.values.length;
  }
  return { values, size: [numbers.length, ...size] };
}

function isTyped(value: unknown): value is TypedNumbers {
  const big = value instanceof BigInt64Array || value instanceof BigUint64Array;
  return ArrayBuffer.isView(value) && !(value instanceof DataView) && !big;
}

function isTensor(value: unknown): value is TensorValues {
  return typeof value === 'object' && value !== null && 'dataSync' in value && 'shape' in value;
}
