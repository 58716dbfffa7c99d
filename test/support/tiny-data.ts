import { RandomStream } from '../../src/base/random.js';
import type { Dataset } from '../../src/contracts/index.js';
import type { Datasets } from '../../src/runtime/contract.js';

/** Images of 8x8x1 in three classes: noise with a bright third at the top, in the middle or at the bottom. */
export function tinyDatasets(train = 50, test = 12): Datasets {
  return { train: tinyDataset('train', train), test: tinyDataset('test', test) };
}

function tinyDataset(split: 'train' | 'test', count: number): Dataset {
  const pixels = new Uint8Array(new SharedArrayBuffer(count * 64));
  const labels = new Int32Array(new SharedArrayBuffer(count * 4));
  const random = new RandomStream(1, 'test', split === 'train' ? 0 : 1);
  for (let i = 0; i < count; i++) {
    const label = i % 3;
    labels[i] = label;
    for (let p = 0; p < 64; p++) {
      const bright = Math.floor(p / 8 / 2.7) === label ? 120 : 0;
      pixels[i * 64 + p] = bright + random.below(100);
    }
  }
  return {
    name: 'tiny',
    split,
    count,
    classes: ['top', 'middle', 'bottom'],
    shape: { height: 8, width: 8, channels: 1 },
    store: { kind: 'pixels', pixels },
    targets: { kind: 'classes', labels },
    fingerprint: `tiny-${split}-${count}`,
  };
}
