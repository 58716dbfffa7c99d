import { RandomStream } from '../../src/base/random.js';
import { type LayersModel, tf } from '../../src/base/tf.js';
import type { Dataset } from '../../src/contracts/index.js';
import type { Datasets } from '../../src/runtime/contract.js';

export interface OddData {
  readonly classes: readonly string[];
  readonly channels?: number;
  readonly train?: number;
  readonly test?: number;
  /** Every image has its class and the next one. */
  readonly severalLabels?: boolean;
}

const side = 8;

/** Noise of 8x8 with a bright row by class. */
export function oddDatasets({
  classes,
  channels = 1,
  train = 24,
  test = 24,
  severalLabels = false,
}: OddData): Datasets {
  const make = (split: 'train' | 'test', count: number): Dataset => {
    const random = new RandomStream(2, 'test', count);
    const labels = new Int32Array(new SharedArrayBuffer(count * 4));
    for (let i = 0; i < count; i++) labels[i] = i % classes.length;
    const values = new Float32Array(new SharedArrayBuffer(count * classes.length * 4));
    const pixels = new Uint8Array(new SharedArrayBuffer(count * side * side * channels));
    for (let i = 0; i < count; i++) {
      const label = labels[i] ?? 0;
      for (const own of [label, (label + 1) % classes.length]) values[i * classes.length + own] = 1;
      for (let p = 0; p < side * side * channels; p++) {
        const row = Math.floor(p / channels / side);
        pixels[i * side * side * channels + p] = (row === label % side ? 120 : 0) + random.below(100);
      }
    }
    return {
      name: 'odd',
      split,
      count,
      classes: [...classes],
      shape: { height: side, width: side, channels },
      store: { kind: 'pixels', pixels },
      targets: severalLabels ? { kind: 'multi-label', values } : { kind: 'classes', labels },
      fingerprint: `odd-${split}-${count}-${classes.length}`,
    };
  };
  return { train: make('train', train), test: make('test', test) };
}

export function oddModel(classes: number, channels = 1): LayersModel {
  const { layers } = tf;
  return tf.sequential({
    layers: [
      layers.conv2d({
        name: 'conv',
        filters: 3,
        kernelSize: 3,
        padding: 'same',
        activation: 'relu',
        inputShape: [side, side, channels],
      }),
      layers.maxPooling2d({ name: 'pool', poolSize: 2 }),
      layers.flatten({ name: 'flat' }),
      layers.dense({ name: 'head', units: classes }),
    ],
  });
}
