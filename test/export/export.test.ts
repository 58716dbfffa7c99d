import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { unzipSync } from 'fflate';
import { decodeOnnx } from '../../proto/onnx.js';
import { type LayersModel, type Tensor, tf } from '../../src/base/tf.js';
import { type ExportContent, exportFormat, exportFormats, onnxLowerings, onnxOpsets } from '../../src/export/index.js';
import { inferenceGraph } from '../../src/graph/index.js';
import { loadArchitecture, modelParameters, networkNamed, networks, setWeights } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { mapWeights, readSafetensors, readWeightsFile } from '../../src/weights/index.js';
import { layerCases } from '../support/layer-cases.js';
import { madeUp, noise } from '../support/made-up-weights.js';

const native = await loadNative();
let folder: string;
test.beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'convoy-export-'));
});
test.afterEach.always(async () => {
  await rm(folder, { recursive: true });
});

const preprocess = { scale: [1 / 64, 1 / 32, 1 / 64], offset: [-2, -1, 0] };
const image = { height: 8, width: 8, channels: 3 };
const rest = { loss: { name: 'crossEntropy' }, testTimeFlip: true } as const;

/** A network with what is easily exported wrongly: padding, strides, batch normalization, a flattened image. */
function smallModel(): LayersModel {
  const { layers } = tf;
  const model = tf.sequential({
    layers: [
      layers.conv2d({ name: 'conv', filters: 4, kernelSize: 3, strides: 2, padding: 'same', inputShape: [8, 8, 3] }),
      layers.batchNormalization({ name: 'bn' }),
      layers.reLU({ name: 'relu' }),
      layers.depthwiseConv2d({ name: 'depthwise', kernelSize: 3, padding: 'same', depthMultiplier: 2 }),
      layers.flatten({ name: 'flat' }),
      layers.dense({ name: 'head', units: 3 }),
    ],
  });
  return filled(model);
}

function filled(model: LayersModel): LayersModel {
  setWeights(
    model,
    modelParameters(model).map(({ spec }) => madeUp(spec.name, spec.shape, 1)),
  );
  return model;
}

function contentOf(model: LayersModel, whole: boolean, more: Partial<ExportContent> = {}): ExportContent {
  const weights = modelParameters(model).map(({ variable }) => variable.read().dataSync() as Float32Array);
  return {
    ...{ model, weights, image, preprocess, ...rest, whole, opset: 17, version: '1.2.3', network: undefined },
    classes: ['a', 'b', 'c'],
    metadata: { classes: '["a","b","c"]' },
    graph: () =>
      inferenceGraph(model, weights, { image, whole: whole ? { preprocess, classes: 3, ...rest } : undefined }),
    ...more,
  };
}

const pixels = Uint8Array.from(noise('images', 5 * 192, 255, 127));

/** Softmax of the mean of an image's and its mirror image's outputs, by tfjs's own layers. */
function expectedProbabilities(model: LayersModel): Float32Array {
  return tf.tidy(() => {
    const raw = tf.tensor4d(Float32Array.from(pixels), [5, 8, 8, 3]);
    const x = raw.mul(tf.tensor1d(preprocess.scale)).add(tf.tensor1d(preprocess.offset));
    const both = tf.add(model.predict(x) as Tensor, model.predict(x.reverse(2)) as Tensor).div(2);
    return tf.softmax(both).dataSync() as Float32Array;
  });
}

function near(found: Float32Array, expected: Float32Array): boolean {
  return (
    found.length === expected.length &&
    expected.every((value, index) => Math.abs(value - (found[index] as number)) < 1e-5)
  );
}

test.serial('a SavedModel takes any number of uint8 images and gives probabilities', async (t) => {
  const model = smallModel();
  const { files } = await exportFormat('saved-model').write(contentOf(model, true), folder);
  t.deepEqual(files, ['saved_model.pb']);
  const graph = await native.loadGraph(folder);
  const expected = expectedProbabilities(model);
  for (const count of [5, 1]) {
    const input = native.wrap(pixels.subarray(0, 192 * count), [count, 8, 8, 3]);
    const [output] = graph.run([input], 'images', 'Softmax');
    t.true(near(native.read(output as number) as Float32Array, expected.subarray(0, 3 * count)));
    native.release(input);
  }
  graph.dispose();
});

test.serial('tfjs runs a graph model as it runs the layers', async (t) => {
  const model = smallModel();
  await exportFormat('tfjs-graph').write(contentOf(model, true), folder);
  const json = JSON.parse(await readFile(join(folder, 'model.json'), 'utf8'));
  const [{ paths, weights: weightSpecs }] = json.weightsManifest;
  const parts = await Promise.all((paths as string[]).map((path) => readFile(join(folder, path))));
  const weightData = new Uint8Array(Buffer.concat(parts)).buffer;
  const { modelTopology, signature } = json;
  const graph = await tf.loadGraphModel(tf.io.fromMemory({ modelTopology, signature, weightSpecs, weightData }));
  const found = tf.tidy(() => (graph.predict(tf.tensor4d(pixels, [5, 8, 8, 3], 'int32')) as Tensor).dataSync());
  t.true(near(found as Float32Array, expectedProbabilities(model)));
  t.deepEqual(json.userDefinedMetadata, { classes: '["a","b","c"]' });
  graph.dispose();
});

test.serial(
  'an ONNX file has the signature, metadata and versions asked for, and convolutions channels first',
  async (t) => {
    await exportFormat('onnx').write(contentOf(smallModel(), true, { opset: 18 }), folder);
    const { irVersion, opsetImport, graph, metadataProps } = decodeOnnx(await readFile(join(folder, 'model.onnx')));
    t.is(irVersion, onnxOpsets.get(18) as number);
    t.deepEqual(opsetImport, [{ domain: '', version: 18 }]);
    t.deepEqual(metadataProps, [{ key: 'classes', value: '["a","b","c"]' }]);
    const [input, output] = [graph.input[0], graph.output[0]];
    // Types of onnx.proto: UINT8 is 2, FLOAT is 1.
    t.deepEqual([input?.name, input?.type.tensorType.elemType], ['images', 2]);
    t.deepEqual(input?.type.tensorType.shape.dim, [
      { dimParam: 'batch' },
      { dimValue: 8 },
      { dimValue: 8 },
      { dimValue: 3 },
    ]);
    t.deepEqual([output?.name, output?.type.tensorType.elemType], ['probabilities', 1]);
    const convolution = graph.node.find(({ opType }) => opType === 'Conv');
    const attribute = (name: string) => convolution?.attribute.find((one) => one.name === name)?.ints;
    // SAME of 8 places by strides of 2: 3 places reach over the end by 1.
    t.deepEqual(attribute('pads'), [0, 0, 1, 1]);
    t.deepEqual(graph.initializer.find(({ name }) => name === convolution?.input[1])?.dims, [4, 3, 3, 3]);
  },
);

test.serial('the lowering to ONNX has each op of every network and of every layer', (t) => {
  const held = new Set(['Const', 'Placeholder']);
  const missing = new Set<string>();
  const opsOf = (model: LayersModel): void => {
    const [, height = 0, width = 0, channels = 0] = (model.inputs[0]?.shape ?? []) as number[];
    const shape = { height, width, channels };
    const weights = modelParameters(model).map(() => new Float32Array());
    for (const { op } of inferenceGraph(model, weights, { image: shape }).nodes) {
      if (!held.has(op) && onnxLowerings[op] === undefined) missing.add(op);
    }
    model.dispose();
  };
  for (const make of Object.values(layerCases)) opsOf(make());
  for (const { name, smallestInput, defaultChannels: channels, options, create } of networks) {
    const side = Math.max(32, smallestInput);
    const narrow = options.some((option) => option.name === 'widthFactor') ? { widthFactor: 0.05 } : {};
    if (name !== 'custom') opsOf(create({ height: side, width: side, channels, classes: 3, ...narrow }));
  }
  t.deepEqual([...missing], []);
});

test.serial('a .keras file is read back as the same network with the same weights', async (t) => {
  const model = filled(networkNamed('cifar-resnet20').create({ height: 8, width: 8, channels: 3, classes: 3 }));
  const content = contentOf(model, false);
  const { files } = await exportFormat('keras').write(content, folder);
  t.deepEqual(files, ['model.keras', 'convoy_layers.py']);
  const file = join(folder, 'model.keras');
  const { config, ...weights } = await readWeightsFile(file);
  const own = loadArchitecture(JSON.parse(JSON.stringify(config)), file);
  t.deepEqual(mapWeights(own, weights), content.weights as Float32Array[]);
  t.deepEqual(Object.keys(unzipSync(await readFile(file))), ['metadata.json', 'config.json', 'model.weights.h5']);
});

test.serial('safetensors in own names are read back as the same weights, with the metadata', async (t) => {
  const model = smallModel();
  const content = contentOf(model, false);
  await exportFormat('safetensors').write(content, folder);
  const file = join(folder, 'model.safetensors');
  t.deepEqual(mapWeights(model, await readWeightsFile(file)), content.weights as Float32Array[]);
  t.deepEqual((await readSafetensors(file)).metadata, { classes: '["a","b","c"]' });
});

test.serial("torch's names and layouts are read back as the same weights", async (t) => {
  const shape = { height: 16, width: 16, channels: 3 };
  const network = { name: 'resnet18', widthFactor: 0.1 };
  const model = filled(networkNamed('resnet18').create({ ...shape, classes: 3, widthFactor: 0.1 }));
  const content = contentOf(model, false, { network });
  const { usage } = await exportFormat('torch').write(content, folder);
  t.regex(usage.code, /torchvision\.models\.resnet18\(weights=None, num_classes=3\)/);
  const file = await readWeightsFile(join(folder, 'model.safetensors'));
  t.deepEqual(
    file.tensors.slice(0, 2).map(({ name }) => name),
    ['conv1.weight', 'bn1.weight'],
  );
  t.deepEqual(mapWeights(model, file), content.weights as Float32Array[]);
});

test.serial('formats refuse networks and options that they lack', async (t) => {
  const content = contentOf(smallModel(), false, { network: { name: 'cifar-resnet20' } });
  await t.throwsAsync(exportFormat('torch').write(content, folder), {
    code: 'CONVOY_OPTION',
    message: /cifar-resnet20/,
  });
  t.throws(() => exportFormat('onxn'), { message: /onnx/ });
  t.is(new Set(exportFormats.map(({ name }) => name)).size, exportFormats.length);
});
