import { readFileSync } from 'node:fs';
import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { type Tensor, tf } from '../../src/base/tf.js';
import { createModel, modelParameters, setWeights } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { mapWeights, readWeightsFile, type WeightsFile } from '../../src/weights/index.js';
import { fixtures } from '../support/keras.js';

/** Written by `test/fixtures/torch/sources.py` with torchvision and timm. */
const fixture = (name: string): string => new URL(`torch/${name}`, fixtures).pathname;
const expected = JSON.parse(readFileSync(fixture('sources.json'), 'utf8')) as {
  readonly shape: number[];
  readonly images: number[];
  readonly logits: number[];
  readonly names: Readonly<Record<string, Readonly<Record<string, number[]>>>>;
};

test.before(async () => {
  await loadNative();
});

test.serial("torchvision's vision transformer gives its logits", async (t) => {
  const size = { height: 16, width: 16, channels: 3, classes: 3 };
  const model = createModel('vit-tiny', { ...size, patch: 8, depth: 2, features: 8, heads: 2, perceptronFactor: 2 });
  setWeights(model, mapWeights(model, await readWeightsFile(fixture('vit.safetensors'))));
  const logits = tf.tidy(() => (model.predict(tf.tensor(expected.images, expected.shape)) as Tensor).dataSync());
  const apart = Math.max(...expected.logits.map((value, at) => Math.abs(value - (logits[at] ?? Number.NaN))));
  t.true(apart < 1e-5, `${apart}`);
  model.dispose();
});

/** The file's tensors, each filled with its place, so that a parameter shows where it comes from. */
function placed(source: string): WeightsFile {
  const tensors = Object.entries(expected.names[source] ?? {}).map(([name, shape], place) => {
    const size = shape.reduce((product, length) => product * length, 1);
    return { name, shape, data: new Float32Array(size).fill(place) };
  });
  return { file: source, format: 'safetensors', tensors };
}

/** The name in the source of each parameter's tensor. */
function origins(
  source: string,
  name: string,
  options: Readonly<Record<string, unknown>>,
): ReadonlyMap<string, string> {
  const file = placed(source);
  const model = createModel(name, { height: 32, width: 32, channels: 3, classes: 5, ...options });
  const weights = mapWeights(model, file);
  const found = modelParameters(model).map(
    ({ spec }, index) => [spec.name, file.tensors[weights[index]?.[0] ?? -1]?.name ?? ''] as const,
  );
  model.dispose();
  return new Map(found);
}

/** 16 hidden units. */
const narrow = { widthFactor: 1 / 16, hidden: 256 };

// Each line by hand from the modules of the source: torchvision/models/*.py, timm/models/*.py.
for (const [source, name, options, lines] of [
  [
    'torchvision vgg11',
    'vgg11',
    narrow,
    {
      'block1_conv1/kernel': 'features.0.weight',
      'block2_conv1/bias': 'features.3.bias',
      'block3_conv2/kernel': 'features.8.weight',
      'block5_conv2/kernel': 'features.18.weight',
      'fc1/kernel': 'classifier.0.weight',
      'predictions/bias': 'classifier.6.bias',
    },
  ],
  [
    'timm vgg11_bn',
    'vgg11-bn',
    narrow,
    {
      'block1_bn1/gamma': 'features.1.weight',
      'block3_conv2/kernel': 'features.11.weight',
      'block5_bn2/moving_variance': 'features.26.running_var',
      'fc1/kernel': 'pre_logits.fc1.weight',
      'fc2/bias': 'pre_logits.fc2.bias',
      'predictions/kernel': 'head.fc.weight',
    },
  ],
  [
    'torchvision densenet121',
    'densenet121',
    {},
    {
      'conv1_bn/gamma': 'features.norm0.weight',
      'conv2_block6_0_bn/beta': 'features.denseblock1.denselayer6.norm1.bias',
      'conv5_block16_2_conv/kernel': 'features.denseblock4.denselayer16.conv2.weight',
      'pool3_conv/kernel': 'features.transition2.conv.weight',
      'bn/moving_mean': 'features.norm5.running_mean',
    },
  ],
  [
    'timm mobilenetv2_100',
    'mobilenet-v2',
    { variant: 'torch' },
    {
      'features.0.1/beta': 'bn1.bias',
      'features.1.conv.1/kernel': 'blocks.0.0.conv_pw.weight',
      'features.4.conv.0.0/kernel': 'blocks.2.0.conv_pw.weight',
      'features.10.conv.1.0/depthwise_kernel': 'blocks.3.3.conv_dw.weight',
      'features.17.conv.3/moving_mean': 'blocks.6.0.bn3.running_mean',
      'features.18.0/kernel': 'conv_head.weight',
    },
  ],
] as const) {
  test.serial(`${name} takes each tensor of ${source} by its name there`, (t) => {
    const found = origins(source, name, options);
    for (const [parameter, origin] of Object.entries(lines)) t.is(found.get(parameter), origin, parameter);
    t.is(new Set(found.values()).size, found.size);
  });
}

test.serial("torchvision's MobileNet v2 does not fit that of Keras, and the error says which network it fits", (t) => {
  const model = createModel('mobilenet-v2', { height: 32, width: 32, channels: 3, classes: 5 });
  t.throws(() => mapWeights(model, placed('torchvision mobilenet_v2')), {
    instanceOf: ConvoyError,
    code: 'CONVOY_WEIGHTS',
    message: /that of torchvision and timm is built with the option variant=torch$/,
  });
  model.dispose();
});
