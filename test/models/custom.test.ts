import test from 'ava';
import { ConvoyError, type ErrorCode } from '../../src/base/errors.js';
import { createModel, initialWeights, type ModelOptions, modelParameters } from '../../src/models/index.js';

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

const broken: [string, unknown, ErrorCode, RegExp][] = [
  ['no layers', [], 'CONVOY_OPTION', /custom option layers/],
  [
    'an unknown type',
    [{ type: 'conv9d' }],
    'CONVOY_MODEL',
    /layer conv9d_1: expected a type among conv2d, .*SelfAttention but found conv9d/,
  ],
  [
    'a type from the prototype',
    [{ type: 'constructor' }],
    'CONVOY_MODEL',
    /layer constructor_1: expected a type among/,
  ],
  [
    'an unknown input',
    [{ type: 'flatten', inputs: 'ghost' }],
    'CONVOY_MODEL',
    /layer flatten_1: expected inputs among input but found ghost/,
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
