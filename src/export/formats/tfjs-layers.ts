import { exportLayersModel } from '../../run/index.js';
import { defineExport } from '../define.js';

/** tfjs's layers format, as a run folder has it in `model/`. */
export const tfjsLayers = defineExport({
  name: 'tfjs-layers',
  description: "TensorFlow.js's layers format, which can be trained further",
  reader: 'tfjs',
  preprocessing: 'never',
  async write({ model, weights }, folder) {
    await exportLayersModel(model, weights, folder);
    return {
      files: ['model.json', 'weights.bin'],
      usage: {
        language: 'js',
        code: `import * as tf from '@tensorflow/tfjs';
const model = await tf.loadLayersModel('model.json'); // a URL in browsers
const outputs = model.predict(images); // preprocessed`,
      },
    };
  },
});
