/** Process that trains with tfjs-node's own `model.fit` on request (see `src/measure/protocol.ts`). */

import { type Tensor, tf } from '../../src/base/tf.js';
import { serve } from '../../src/measure/index.js';
import { createModel } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import type { BenchNetwork } from '../harness/networks.js';

/** Batches of noise that are trained on again and again. */
const batches = 4;

await serve<BenchNetwork, { readonly steps: number }>(async ({ name, image, optimizer, batch }) => {
  const { tensorflowVersion } = await loadNative();
  const classes = 10;
  const model = createModel(name, { ...image, classes });
  model.compile({
    optimizer: optimizer === 'adam' ? tf.train.adam(0.001) : tf.train.momentum(0.001, 0.9),
    loss: (labels: Tensor, logits: Tensor) => tf.losses.softmaxCrossEntropy(labels, logits),
  });
  const count = batches * batch;
  const images = tf.randomUniform([count, image.height, image.width, image.channels], 0, 1, 'float32', 0);
  const labels = tf.tidy(() =>
    tf.oneHot(tf.range(0, count, 1, 'int32').mod(tf.scalar(classes, 'int32')).toInt(), classes),
  );
  return {
    facts: { version: `${tf.version.tfjs} on TensorFlow ${tensorflowVersion}` },
    round: async ({ steps }) => {
      const epochs = Math.ceil(steps / batches);
      const started = performance.now();
      await model.fit(images, labels, { batchSize: batch, epochs, shuffle: false, verbose: 0, yieldEvery: 'never' });
      return { images: epochs * count, seconds: (performance.now() - started) / 1000 };
    },
    close: async () => {
      model.dispose();
      images.dispose();
      labels.dispose();
    },
  };
});
