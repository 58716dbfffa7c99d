import { join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.js';
import { writeSavedModel } from '../../graph/index.js';
import { withConstants } from '../constants.js';
import { defineExport } from '../define.js';
import { outputName } from '../output-name.js';

/** TensorFlow's SavedModel: weights are constants of the graph. */
export const savedModel = defineExport({
  name: 'saved-model',
  description: "TensorFlow's SavedModel, signature serving_default",
  reader: 'Python with tensorflow',
  preprocessing: 'default',
  async write(content, folder) {
    const { input, output, nodes } = withConstants(content.graph());
    const name = outputName(content.whole);
    const bytes = writeSavedModel(nodes, { inputs: { images: input }, outputs: { [name]: output } }, '2.9.0');
    await writeFileAtomic(join(folder, 'saved_model.pb'), [bytes]);
    return {
      files: ['saved_model.pb'],
      usage: {
        language: 'python',
        code: `import tensorflow as tf
predict = tf.saved_model.load('.').signatures['serving_default']
${name} = predict(images=images)['${name}']`,
      },
    };
  },
});
