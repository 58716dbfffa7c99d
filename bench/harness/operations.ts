import { createModel, modelSummary } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import type { BenchNetwork } from './networks.js';

/**
 * Floating-point operations that training on one image needs: a multiply-add is two; the backward pass computes
 * gradients of kernels and of inputs, each as costly as the forward pass, but none of the first layer's input.
 */
export async function trainingOperations({ name, image }: BenchNetwork): Promise<number> {
  await loadNative();
  const model = createModel(name, { ...image, classes: 10 });
  const { multiplyAdds, layers } = modelSummary(model);
  model.dispose();
  const first = layers.find((layer) => layer.multiplyAdds > 0)?.multiplyAdds ?? 0;
  return 2 * (3 * multiplyAdds - first);
}
