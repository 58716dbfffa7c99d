import { join } from 'node:path';
import { modelParameters } from '../../models/index.js';
import { writeSafetensors } from '../../weights/index.js';
import { defineExport } from '../define.js';

const file = 'model.safetensors';

/** Weights alone, in convoy's names and layouts: `--weights` and any reader of safetensors take them. */
export const safetensors = defineExport({
  name: 'safetensors',
  description: "weights alone, in convoy's names and layouts",
  reader: 'Python with safetensors',
  preprocessing: 'never',
  async write({ model, weights, metadata }, folder) {
    const tensors = modelParameters(model).map(({ spec: { name, shape } }, index) => ({
      name,
      shape,
      data: weights[index] as Float32Array<ArrayBuffer>,
    }));
    await writeSafetensors(join(folder, file), tensors, metadata);
    return {
      files: [file],
      usage: {
        language: 'python',
        code: `from safetensors.numpy import load_file
weights = load_file('${file}') # kernels [height, width, in, out], dense [in, out]`,
      },
    };
  },
});
