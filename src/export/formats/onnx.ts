import { join } from 'node:path';
import { writeFileAtomic } from '../../base/atomic-file.js';
import { defineExport } from '../define.js';
import { writeOnnx } from '../onnx/write.js';
import { outputName } from '../output-name.js';

const file = 'model.onnx';

/** ONNX, for onnxruntime and what reads its graphs. */
export const onnx = defineExport({
  name: 'onnx',
  description: 'ONNX, opset 17 by default',
  reader: 'Python with onnx and onnxruntime',
  preprocessing: 'default',
  async write(content, folder) {
    const name = outputName(content.whole);
    const bytes = writeOnnx(content.graph(), {
      opset: content.opset,
      name: content.model.name,
      version: content.version,
      description: `${content.model.name}, trained by convoy`,
      metadata: content.metadata,
      outputName: name,
      quantize: content.quantize,
    });
    await writeFileAtomic(join(folder, file), [bytes]);
    return {
      files: [file],
      usage: {
        language: 'python',
        code: `import onnxruntime
session = onnxruntime.InferenceSession('${file}')
${name}, = session.run(['${name}'], {'images': images})`,
      },
    };
  },
});
