import { join } from 'node:path';
import { strToU8, zipSync } from 'fflate';
import { writeFileAtomic } from '../../base/atomic-file.js';
import { flatLayers } from '../../layers/index.js';
import { defineExport } from '../define.js';
import { kerasConfig, kerasForm } from '../keras/config.js';
import { writeHdf5 } from '../keras/hdf5.js';
import { layersFile, layersSource } from '../keras/python-layers.js';
import { kerasVariables } from '../keras/variables.js';

const file = 'model.keras';
/** Of Keras 3; the file's own word for the version that wrote it. */
const kerasVersion = '3.0.0';

/** Keras 3's `.keras`: architecture and weights, which Keras trains further. */
export const keras = defineExport({
  name: 'keras',
  description: "Keras 3's .keras: architecture and weights",
  reader: 'Python with keras',
  preprocessing: 'never',
  async write({ model, weights }, folder) {
    const config = kerasConfig(model);
    const own = flatLayers(model).some((layer) => kerasForm(layer.getClassName()) === 'python');
    const weightsFile = await writeHdf5(kerasVariables(model, weights), ['layers']);
    const metadata = { keras_version: kerasVersion, date_saved: '1980-01-01@00:00:00' };
    // Without compression, as Keras writes it; a fixed time, so that the same weights are the same file.
    const archive = zipSync(
      {
        'metadata.json': strToU8(JSON.stringify(metadata)),
        'config.json': strToU8(JSON.stringify(config)),
        'model.weights.h5': weightsFile,
      },
      { level: 0, mtime: new Date(1980, 0, 1) },
    );
    await writeFileAtomic(join(folder, file), [archive]);
    if (own) await writeFileAtomic(join(folder, layersFile), [layersSource]);
    return {
      files: own ? [file, layersFile] : [file],
      usage: {
        language: 'python',
        code: `import keras
${own ? 'import convoy_layers\n' : ''}model = keras.models.load_model('${file}')
outputs = model.predict(images) # preprocessed`,
      },
    };
  },
});
