import { type ConfigInput, resolveConfig } from '../../src/config/config.js';
import type { Dataset } from '../../src/contracts/index.js';
import { slotNames } from '../../src/memory/index.js';
import type { Datasets, Runtime, RuntimeOptions } from '../../src/runtime/contract.js';
import { openRuntime } from '../../src/runtime/runtime.js';

/** Images in memory as both splits of a dataset. */
export function inMemory(pixels: Uint8Array, labels: ArrayLike<number>, side: number, classes: number): Datasets {
  const shared = new Uint8Array(new SharedArrayBuffer(pixels.length));
  shared.set(pixels);
  const targets = new Int32Array(new SharedArrayBuffer(labels.length * 4));
  targets.set(Array.from(labels));
  const split = (name: 'train' | 'test'): Dataset => ({
    name: 'memory',
    split: name,
    count: labels.length,
    classes: Array.from({ length: classes }, (_, index) => `class ${index}`),
    shape: { height: side, width: side, channels: 1 },
    store: { kind: 'pixels', pixels: shared },
    targets: { kind: 'classes', labels: targets },
    fingerprint: `memory-${labels.length}`,
  });
  return { train: split('train'), test: split('test') };
}

/** Opens a runtime, hands it over and closes it whatever happens. */
export async function withRuntime<Result>(
  config: ConfigInput,
  options: Omit<RuntimeOptions, 'config'>,
  use: (runtime: Runtime) => Promise<Result>,
): Promise<Result> {
  const runtime = await openRuntime({ ...options, config: resolveConfig({ where: 'test', input: config }) });
  try {
    return await use(runtime);
  } finally {
    await runtime.close();
  }
}

/** Fills the first training slot with samples in file order, `begin` to `begin + count - 1`. */
export async function fillInOrder(
  runtime: Runtime,
  begin: number,
  count: number,
): Promise<{ slot: number; count: number }> {
  const slot = runtime.trainSlots[0] as number;
  const order = Uint32Array.from({ length: runtime.datasets.train.count }, (_, index) => index);
  runtime.stage.begin(0, order, begin);
  await runtime.stage.fill({ epoch: 0, position: begin, samples: order.subarray(begin, begin + count), slot });
  return { slot, count };
}

/** The trained parameters, or their reduced gradients, by name. */
export function named({ arena, layout }: Runtime, slot: 'weights' | 'reduced'): Map<string, Float32Array> {
  const place = arena.slot(slotNames[slot]);
  const places = slot === 'weights' ? layout.parameters : layout.parameters.filter(({ trainable }) => trainable);
  return new Map(places.map(({ name, offset, length }) => [name, arena.float32(place, offset, length).slice()]));
}
