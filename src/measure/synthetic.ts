import { RandomStream } from '../base/random.js';
import type { Dataset, ImageShape } from '../contracts/index.js';
import type { Datasets } from '../runtime/index.js';

/** Images of noise: for measurements where only sizes matter. */
export function syntheticDatasets(shape: ImageShape, classes: number, train: number, test = classes): Datasets {
  return { train: noise('train', shape, classes, train), test: noise('test', shape, classes, test) };
}

function noise(split: 'train' | 'test', shape: ImageShape, classes: number, count: number): Dataset {
  const bytes = count * shape.height * shape.width * shape.channels;
  const words = new Uint32Array(new SharedArrayBuffer(Math.ceil(bytes / 4) * 4));
  const stream = new RandomStream(0, 'test', split === 'train' ? 0 : 1);
  for (let i = 0; i < words.length; i++) words[i] = stream.uint32();
  const pixels = new Uint8Array(words.buffer, 0, bytes);
  const labels = new Int32Array(new SharedArrayBuffer(count * 4));
  for (let i = 0; i < count; i++) labels[i] = i % classes;
  return {
    name: 'synthetic',
    split,
    count,
    classes: Array.from({ length: classes }, (_, index) => String(index)),
    shape,
    store: { kind: 'pixels', pixels },
    targets: { kind: 'classes', labels },
    fingerprint: `synthetic-${split}-${count}`,
  };
}
