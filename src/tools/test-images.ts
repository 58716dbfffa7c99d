import { type Tensor, tf } from '../base/tf.js';
import { BatchFeeder } from '../coordinator/index.js';
import { slotNames } from '../memory/index.js';
import type { Runtime } from '../runtime/index.js';

/** Pixels of any number of images as the network takes them; the caller owns the tensor. */
export function networkInput(
  { image: { height, width, channels }, preprocess }: Runtime['spec'],
  pixels: Uint8Array,
): Tensor {
  return tf.tidy(() => {
    const images = tf.tensor(Float32Array.from(pixels), [
      pixels.length / (height * width * channels),
      height,
      width,
      channels,
    ]);
    return images.mul(tf.tensor1d([...preprocess.scale])).add(tf.tensor1d([...preprocess.offset]));
  });
}

/** Pixels of test images, one behind the other. */
export async function testPixels(runtime: Runtime, samples: Uint32Array): Promise<Uint8Array> {
  const { datasets, arena, layout, evaluationSlots, evaluationStage } = runtime;
  const pixels = new Uint8Array(samples.length * layout.imageBytes);
  const stage = evaluationStage(datasets.test);
  const feeder = new BatchFeeder({
    stage,
    epoch: 0,
    order: samples,
    batchSize: layout.capacity,
    slots: evaluationSlots,
  });
  try {
    for (let batch = await feeder.next(); batch !== undefined; batch = await feeder.next()) {
      const bytes = arena.uint8(arena.slot(slotNames.pixels(batch.slot)), 0, batch.count * layout.imageBytes);
      pixels.set(bytes, batch.position * layout.imageBytes);
      feeder.release(batch);
    }
  } finally {
    await feeder.drain();
    await stage.close();
  }
  return pixels;
}
