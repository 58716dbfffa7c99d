import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { type Tensor, tf } from '../../src/base/tf.js';
import { exportFormat, PythonRunner } from '../../src/export/index.js';
import { inferenceGraph } from '../../src/graph/index.js';
import { modelParameters, setWeights } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { layerCases } from '../support/layer-cases.js';
import { madeUp, noise } from '../support/made-up-weights.js';

await loadNative();
const python = process.env['CONVOY_EXPORT_PYTHON'];
// Without Python with onnx and onnxruntime these are skipped; test/export/export.test.ts is not.
const withPython = python === undefined ? test.skip : test.serial;

const forms = [
  { opset: 13, most: 1e-4 },
  { opset: 17, most: 1e-4 },
  { opset: 18, most: 1e-4 },
  // One layer's rounding to 8 bits; a wrong scale or order of axes gives more.
  { opset: 17, quantize: 'dynamic-int8', most: 0.1 },
] as const;
for (const { most, ...form } of forms) {
  withPython(`onnxruntime computes what each layer computes, ${Object.values(form).join(', ')}`, async (t) => {
    const runner = new PythonRunner(python as string);
    const folder = await mkdtemp(join(tmpdir(), 'convoy-onnx-'));
    try {
      for (const [title, make] of Object.entries(layerCases)) {
        const model = make();
        const parameters = modelParameters(model);
        const weights = parameters.map(({ spec: { name, shape } }) => madeUp(name, shape, 1));
        setWeights(model, weights);
        const [, height = 0, width = 0, channels = 0] = (model.inputs[0]?.shape ?? []) as number[];
        const image = { height, width, channels };
        const shape = [3, height, width, channels] as const;
        const data = noise(title, 3 * height * width * channels, 4);
        const { usage } = await exportFormat('onnx').write(
          {
            ...{
              model,
              weights,
              image,
              network: undefined,
              classes: [],
              metadata: {},
              version: '',
              whole: false,
              ...form,
            },
            ...{ preprocess: { scale: [], offset: [] }, loss: { name: 'crossEntropy' }, testTimeFlip: false },
            graph: () => inferenceGraph(model, weights, { image }),
          },
          folder,
        );
        const found = await runner.run({ format: 'onnx', folder, code: usage.code, images: { data, shape } });
        const expected = tf.tidy(() => (model.predict(tf.tensor4d(data, [...shape])) as Tensor).dataSync());
        const largest = Math.max(...expected.map(Math.abs));
        const apart = Math.max(...found.map((value, index) => Math.abs(value - (expected[index] as number))));
        t.true(apart <= most * largest, `${title}: ${apart} of ${largest}`);
        model.dispose();
      }
    } finally {
      await runner.close();
      await rm(folder, { recursive: true });
    }
  });
}
