import { readFile } from 'node:fs/promises';
import test from 'ava';
import { ConvoyError, type ErrorCode } from '../../src/base/errors.js';
import { tf } from '../../src/base/tf.js';
import { createModel, initialWeights, type ModelOptions, modelParameters } from '../../src/models/index.js';
import { argumentsOf } from '../../src/models/networks/custom-arguments.js';
import { layerTypes } from '../../src/models/networks/custom-layers.js';

const image = { height: 8, width: 8, channels: 3, classes: 5 };

function custom(layers: unknown): ModelOptions {
  return { ...image, layers };
}

test('a network described in JSON has the layers, names and joins of its description', (t) => {
  const model = createModel(
    'custom',
    custom([
      {
        type: 'conv2d',
        name: 'stem',
        filters: 4,
        kernelSize: 3,
        padding: 'same',
        activation: 'relu',
        kernelInitializer: 'pytorchUniform',
      },
      { type: 'conv2d', name: 'branch', filters: 4, kernelSize: 3, padding: 'same' },
      { type: 'add', inputs: ['stem', 'branch'] },
      { type: 'globalAveragePooling2d' },
      { type: 'dense', name: 'logits', units: 'classes' },
    ]),
  );
  t.deepEqual(
    modelParameters(model).map(({ spec }) => [spec.name, spec.shape]),
    [
      ['stem/kernel', [3, 3, 3, 4]],
      ['stem/bias', [4]],
      ['branch/kernel', [3, 3, 4, 4]],
      ['branch/bias', [4]],
      ['logits/kernel', [4, 5]],
      ['logits/bias', [5]],
    ],
  );
  // pytorchUniform: at most 1/sqrt(27)
  t.true(initialWeights(model, 1)[0]?.every((value) => Math.abs(value) <= 1 / Math.sqrt(27)));
  model.dispose();
});

const wrongArguments: readonly (readonly [layer: Record<string, unknown>, message: string])[] = [
  [
    { type: 'leakyReLU', negativeSlope: 0.1 },
    'Unknown option "negativeSlope" of layer leakyReLU_1; did you mean alpha? (it takes alpha, inputs, name, trainable)',
  ],
  [
    { type: 'maxPooling2d', name: 'pool', stride: 2 },
    'Unknown option "stride" of layer pool (maxPooling2d); did you mean strides? (it takes poolSize, padding, strides, dataFormat, inputs, name, trainable)',
  ],
  [{ type: 'flatten', foo: 1 }, 'Unknown option "foo" of layer flatten_1; it takes inputs, name, trainable'],
  [
    { type: 'dropout', p: 0.5 },
    'Unknown option "p" of layer dropout_1; did you mean rate? (it takes rate, noiseShape, seed, inputs, name, trainable)',
  ],
];
for (const [layer, message] of wrongArguments) {
  test(`${JSON.stringify(layer)} is refused, with the argument that was meant`, (t) => {
    t.throws(() => createModel('custom', custom([layer, { type: 'flatten' }, { type: 'dense', units: 5 }])), {
      code: 'CONVOY_OPTION',
      message,
    });
  });
}

test('arguments of every type are known: those of the convolutions are the ones that Keras documents', (t) => {
  const of = (layer: object) =>
    t.throws(() => createModel('custom', custom([{ ...layer, unheardOf: 1 }])), { code: 'CONVOY_OPTION' })?.message ??
    '';
  // Keras's reference of Conv2D and Dense, in camel case; groups and LoRA are not in tfjs.
  const names =
    'filters kernelSize strides padding dataFormat dilationRate activation useBias kernelInitializer biasInitializer ' +
    'kernelRegularizer biasRegularizer activityRegularizer kernelConstraint biasConstraint';
  const conv = argumentsOf('conv2d', (args) => tf.layers.conv2d(args as never));
  t.deepEqual([...conv].sort(), names.split(' ').sort());
  t.regex(of({ type: 'conv2d' }), /"unheardOf" of layer conv2d_1; it takes .*/);
});

const broken: [string, unknown, ErrorCode, RegExp][] = [
  ['no layers', [], 'CONVOY_OPTION', /at least one value for custom\.layers/],
  [
    'an unknown type',
    [{ type: 'conv9d' }],
    'CONVOY_OPTION',
    /^Expected the name of a layer for the type of layer conv9d_1 but received "conv9d"; did you mean conv2d\? \(docs\/networks\.md lists all \d+\)$/,
  ],
  [
    'a type from the prototype',
    [{ type: 'constructor' }],
    'CONVOY_OPTION',
    /^Expected the name of a layer for the type of layer constructor_1 but received "constructor" \(docs\/networks\.md lists all \d+\)$/,
  ],
  [
    'an unknown input',
    [{ type: 'flatten', inputs: 'ghost' }],
    'CONVOY_MODEL',
    /layer flatten_1: expected inputs among input but found "ghost"/,
  ],
  [
    'a name twice',
    [
      { type: 'flatten', name: 'a' },
      { type: 'dense', name: 'a', units: 5 },
    ],
    'CONVOY_MODEL',
    /layer a: expected a name of its own/,
  ],
  [
    'arguments that do not fit',
    [{ type: 'conv2d', filters: 4 }],
    'CONVOY_MODEL',
    /layer conv2d_1: expected arguments and shapes that fit/,
  ],
  [
    'an output that is not logits',
    [{ type: 'flatten' }],
    'CONVOY_MODEL',
    /layer flatten_1: expected an output of 5 logits, or of one value, but found \[192\]/,
  ],
];
for (const [what, layers, code, message] of broken) {
  test(`a description with ${what} is refused with the layer's name`, (t) => {
    const error = t.throws(() => createModel('custom', custom(layers)), { instanceOf: ConvoyError });
    t.is(error?.code, code);
    t.regex(error?.message ?? '', message);
  });
}

test('every type of layer refuses an argument that it does not take, and docs/networks.md lists it', async (t) => {
  const page = await readFile(new URL('../../../docs/networks.md', import.meta.url), 'utf8');
  for (const type of layerTypes()) {
    t.throws(() => createModel('custom', custom([{ type, foo: 1 }])), {
      code: 'CONVOY_OPTION',
      message: new RegExp(`^Unknown option "foo" of layer ${type}_1; it takes `),
    });
    t.true(page.includes(`| \`${type}\` |`), type);
  }
});
