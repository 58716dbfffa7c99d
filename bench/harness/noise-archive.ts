import { zipSync } from 'fflate';
import { RandomStream } from '../../src/base/random.js';

const classes = 4;
const shape = [16, 16, 3];

/** An NPZ of noisy images of four classes that differ in brightness: 200 to train, 40 to test. */
export function noiseArchive(): Uint8Array {
  const random = new RandomStream(0, 'test');
  const arrays = Object.entries({ train: 200, test: 40 }).flatMap(([split, count]): [string, Uint8Array][] => {
    const size = shape.reduce((product, side) => product * side, 1);
    const pixels = Uint8Array.from({ length: count * size }, (_, place) => {
      return 40 * (Math.floor(place / size) % classes) + random.below(100);
    });
    const labels = Uint8Array.from({ length: count }, (_, image) => image % classes);
    return [
      [`x_${split}.npy`, npy([count, ...shape], pixels)],
      [`y_${split}.npy`, npy([count], labels)],
    ];
  });
  return zipSync(Object.fromEntries(arrays), { level: 0 });
}

/** NumPy's file of an array of bytes. */
function npy(sides: readonly number[], bytes: Uint8Array): Uint8Array {
  const header = `{'descr': '|u1', 'fortran_order': False, 'shape': (${sides.map((side) => `${side},`).join(' ')}), }`;
  const text = `${header.padEnd(117)}\n`;
  const start = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, text.length, 0]);
  return Buffer.concat([start, Buffer.from(text), bytes]);
}
