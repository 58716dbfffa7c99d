/** Arrays of NumPy, and labels of them. */
import { fileError } from '../../base/errors.js';
import { limits } from '../limits.js';
import { allocateLabels, type LabelledPixels } from '../stores.js';

/** An array, rows first (order C). */
export interface NumpyArray {
  /** NumPy's type: byte order, kind, bytes. */
  readonly type: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/**
 * Labels of integers, one class an image: [count], or with axes of 1 behind.
 *
 * @param name the array's, for messages.
 * @throws ConvoyError `CONVOY_DATA` for another type, another number of labels, and labels out of range.
 */
export function numpyLabels(
  file: string,
  name: string,
  { type, shape, data }: NumpyArray,
  count: number,
): LabelledPixels['labels'] {
  const wrong = (expected: string, found: string) => fileError('CONVOY_DATA', file, name, expected, found);
  const [order = '', kind = '', bytes = 0] = [type[0], type[1], Number(type.slice(2))];
  const oneEach = shape[0] === count && shape.slice(1).every((size) => size === 1);
  if (!/[iu]/.test(kind) || ![1, 2, 4, 8].includes(bytes) || !oneEach) {
    throw wrong(`${count} integers, one class an image`, `${type} [${shape.join(', ')}]`);
  }
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const little = order !== '>';
  const at = (offset: number): number => {
    const number = { i1: 'getInt8', u1: 'getUint8', i2: 'getInt16', u2: 'getUint16' } as const;
    const wider = { i4: 'getInt32', u4: 'getUint32', i8: 'getBigInt64', u8: 'getBigUint64' } as const;
    const key = `${kind}${bytes}`;
    if (key in number) return view[number[key as keyof typeof number]](offset, little);
    return Number(view[wider[key as keyof typeof wider]](offset, little));
  };
  const labels = allocateLabels(count);
  for (let sample = 0; sample < count; sample++) {
    const label = at(sample * bytes);
    if (label < 0 || label >= limits.numberedClasses) {
      throw wrong(`labels from 0 to ${limits.numberedClasses - 1}`, `${label} at ${sample}`);
    }
    labels[sample] = label;
  }
  return labels;
}
