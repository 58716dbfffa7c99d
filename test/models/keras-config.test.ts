import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { type LayersModel, type Tensor, tf } from '../../src/base/tf.js';
import { createModel, initialWeights, loadArchitecture, modelParameters, setWeights } from '../../src/models/index.js';

type Json = Record<string, unknown>;

/** A Keras 3 layer of a functional model, as `to_json` writes it, applied to these layers' outputs. */
function keras3(className: string, name: string, config: Json, inputs: readonly string[]): Json {
  const tensor = (input: string): Json => ({
    class_name: '__keras_tensor__',
    config: { shape: [null, 4, 4, 1], dtype: 'float32', keras_history: [input, 0, 0] },
  });
  const first = inputs.length === 1 ? tensor(inputs[0] ?? '') : inputs.map(tensor);
  return {
    module: 'keras.layers',
    class_name: className,
    config: {
      name,
      trainable: true,
      dtype: { module: 'keras', class_name: 'DTypePolicy', config: { name: 'float32' } },
      ...config,
    },
    registered_name: null,
    name,
    inbound_nodes: inputs.length === 0 ? [] : [{ args: [first], kwargs: {} }],
  };
}

const input = keras3('InputLayer', 'pixels', { batch_shape: [null, 4, 4, 1] }, []);
const zeros = { module: 'keras.initializers', class_name: 'Zeros', config: {}, registered_name: null };
const ones = { module: 'keras.initializers', class_name: 'Ones', config: {}, registered_name: null };

function functional(layers: readonly Json[], output: string): Json {
  return {
    module: 'keras.src.models.functional',
    class_name: 'Functional',
    config: { name: 'net', layers, input_layers: [['pixels', 0, 0]], output_layers: [[output, 0, 0]] },
  };
}

const convolution = (name: string, from: string, more: Json = {}): Json =>
  keras3(
    'Conv2D',
    name,
    {
      filters: 1,
      kernel_size: [1, 1],
      strides: [1, 1],
      padding: 'same',
      data_format: 'channels_last',
      kernel_initializer: ones,
      bias_initializer: zeros,
      ...more,
    },
    [from],
  );

function run(model: LayersModel, values: number[]): number[] {
  // + 0 turns -0 into 0.
  return tf.tidy(() =>
    [...(model.predict(tf.tensor4d(values, [1, 4, 4, 1])) as Tensor).dataSync()].map((value) => value + 0),
  );
}

test('layers of a Keras 3 configuration may come in any order and keep their names', (t) => {
  const layers = [
    keras3('Add', 'sum', {}, ['left', 'right']),
    convolution('right', 'pixels'),
    input,
    convolution('left', 'pixels', { activation: 'relu' }),
  ];
  const model = loadArchitecture(functional(layers, 'sum'));
  setWeights(model, initialWeights(model, 0));
  t.deepEqual(new Set(model.layers.map((layer) => layer.name)), new Set(['pixels', 'left', 'right', 'sum']));
  const values = Array.from({ length: 16 }, (_, index) => index - 8);
  // relu(x) + x
  t.deepEqual(
    run(model, values),
    values.map((value) => Math.max(value, 0) + value),
  );
  model.dispose();
});

test("Keras 3's ReLU becomes the rectifier of tfjs with the same values", (t) => {
  const values = [-8, -1, 0, 0.5, 2, 3, 9, -0.5, 1, 4, 5, 6, 7, 8, -2, 10];
  const cases: [Json, (x: number) => number][] = [
    [{ max_value: 6, negative_slope: 0, threshold: 0 }, (x) => Math.min(6, Math.max(0, x))],
    [{ max_value: null, negative_slope: 0.25, threshold: 0 }, (x) => (x > 0 ? x : 0.25 * x)],
    [{ max_value: null, negative_slope: 0, threshold: 2 }, (x) => (x > 2 ? x : 0)],
  ];
  for (const [config, expected] of cases) {
    const model = loadArchitecture(functional([input, keras3('ReLU', 'relu', config, ['pixels'])], 'relu'));
    t.deepEqual(run(model, values), values.map(expected));
    model.dispose();
  }
});

test('a global pooling that keeps its axes gives one pixel', (t) => {
  const pool = {
    ...keras3('GlobalAveragePooling2D', 'pool', { keepdims: true }, ['pixels']),
    build_config: { input_shape: [null, 4, 4, 1] },
  };
  const model = loadArchitecture(functional([input, pool], 'pool'));
  t.deepEqual(model.outputs[0]?.shape, [null, 1, 1, 1]);
  t.deepEqual(
    run(
      model,
      Array.from({ length: 16 }, (_, index) => index),
    ),
    [7.5],
  );
  model.dispose();
});

test('initialisers and regularisers arrive under the names tfjs has for them', (t) => {
  const lecun = { module: 'keras.initializers', class_name: 'LecunNormal', config: { seed: null } };
  const decay = { module: 'keras.regularizers', class_name: 'L2', config: { l2: 0.5 } };
  const model = loadArchitecture(
    functional(
      [input, convolution('conv', 'pixels', { kernel_initializer: lecun, kernel_regularizer: decay })],
      'conv',
    ),
  );
  const config = model.getLayer('conv').getConfig();
  t.like(config, {
    kernelInitializer: { config: { scale: 1, mode: 'fanIn', distribution: 'normal' } },
    kernelRegularizer: { className: 'L1L2', config: { l1: 0, l2: 0.5 } },
  });
  model.dispose();
});

test('a tfjs topology gives the same model again', (t) => {
  const first = createModel('cifar-resnet20', { height: 8, width: 8, channels: 3, classes: 10 });
  const again = loadArchitecture(JSON.parse(String(first.toJSON())));
  t.deepEqual(
    modelParameters(again).map(({ spec }) => spec),
    modelParameters(first).map(({ spec }) => spec),
  );
  t.deepEqual(initialWeights(again, 3), initialWeights(first, 3));
  first.dispose();
  again.dispose();
});

test('a Keras 2 Sequential without an input layer is read by its batch_input_shape', (t) => {
  const model = loadArchitecture({
    class_name: 'Sequential',
    config: {
      name: 'old',
      layers: [
        { class_name: 'Flatten', config: { name: 'flat', batch_input_shape: [null, 4, 4, 1] } },
        { class_name: 'Dense', config: { name: 'head', units: 3, activation: 'softmax', use_bias: true } },
      ],
    },
  });
  t.deepEqual(
    modelParameters(model).map(({ spec }) => [spec.name, spec.shape]),
    [
      ['head/kernel', [16, 3]],
      ['head/bias', [3]],
    ],
  );
  model.dispose();
});

const broken: [string, unknown, RegExp][] = [
  ['no object', 'text', /layer \(model\): expected an object/],
  [
    'an unknown layer',
    functional([input, keras3('Conv9D', 'odd', {}, ['pixels'])], 'odd'),
    /layer odd: expected a layer class that convoy knows but found Conv9D/,
  ],
  [
    'a class that is no layer',
    functional([input, keras3('L1L2', 'odd', { l1: 0, l2: 0 }, ['pixels'])], 'odd'),
    /layer odd: expected the class of a layer/,
  ],
  [
    'an inherited property as class',
    functional([input, keras3('constructor', 'odd', {}, ['pixels'])], 'odd'),
    /layer odd: expected a layer class/,
  ],
  [
    'a cycle',
    functional([input, convolution('a', 'b'), convolution('b', 'a')], 'b'),
    /layer a: expected inputs that exist and no cycle but found \[\["b",0,0\]\]/,
  ],
  [
    'an input that is missing',
    functional([input, convolution('a', 'ghost')], 'a'),
    /layer a: expected inputs that exist .*ghost/,
  ],
  ['an output that is missing', functional([input], 'ghost'), /layer ghost: expected a layer for output_layers/],
  [
    'a name twice',
    functional([input, convolution('a', 'pixels'), convolution('a', 'pixels')], 'a'),
    /layer a: expected layer names that differ/,
  ],
  [
    'shapes that do not fit',
    functional(
      [input, keras3('Dense', 'd', { units: 2 }, ['pixels']), keras3('Concatenate', 'c', { axis: 1 }, ['pixels', 'd'])],
      'c',
    ),
    /layer c: expected settings and shapes that fit/,
  ],
  [
    'an argument that nobody knows',
    functional([input, convolution('g', 'pixels', { twist: 2 })], 'g'),
    /layer g: expected arguments that are known of Conv2D but found twist 2/,
  ],
  [
    'a constraint, which no optimizer here keeps to',
    functional([input, convolution('g', 'pixels', { kernel_constraint: { class_name: 'NonNeg', config: {} } })], 'g'),
    /layer g: expected kernel_constraint none but found .*NonNeg/,
  ],
  [
    'a regularizer that is none of a sum of absolutes or squares',
    functional(
      [input, convolution('g', 'pixels', { kernel_regularizer: { class_name: 'OrthogonalRegularizer', config: {} } })],
      'g',
    ),
    /layer g: expected kernel_regularizer none, L1, L2 or L1L2 but found .*OrthogonalRegularizer/,
  ],
  [
    'an input of free size',
    functional([keras3('InputLayer', 'pixels', { batch_shape: [null, null, null, 3] }, [])], 'pixels'),
    /layer pixels: expected an input shape of fixed sizes/,
  ],
  [
    'a call argument that changes the computation',
    functional([input, { ...convolution('a', 'pixels'), inbound_nodes: [[['pixels', 0, 0, { mask: [1] }]]] }], 'a'),
    /layer a: expected a call without arguments but training False but found mask: \[1\]/,
  ],
  [
    'dropout that drops in inference too',
    functional(
      [
        input,
        { ...keras3('Dropout', 'd', { rate: 0.5 }, []), inbound_nodes: [[['pixels', 0, 0, { training: true }]]] },
      ],
      'd',
    ),
    /layer d: expected a call without arguments but training False but found training: true/,
  ],
];
for (const [what, json, message] of broken) {
  test(`a configuration with ${what} is refused with the layer's name`, (t) => {
    const error = t.throws(() => loadArchitecture(json, 'net.json'), { instanceOf: ConvoyError });
    t.is(error?.code, 'CONVOY_MODEL');
    t.regex(error?.message ?? '', message);
    t.regex(error?.message ?? '', /^net\.json: /);
  });
}

for (const [className, config, message] of [
  [
    'GlobalAveragePooling1D',
    { data_format: 'channels_first' },
    /layer odd: expected data_format channels_last but found channels_first/,
  ],
  ['MaxPooling1D', { pool_size: 2, data_format: 'channels_first' }, /layer odd: expected data_format channels_last/],
  [
    'Conv1D',
    { filters: 2, kernel_size: 1, data_format: 'channels_first' },
    /layer odd: expected data_format channels_last/,
  ],
] as const) {
  test(`${className} with channels first is refused by layer and argument`, (t) => {
    const rows = keras3('Reshape', 'rows', { target_shape: [4, 4] }, ['pixels']);
    const odd = keras3(className, 'odd', config, ['rows']);
    t.throws(() => loadArchitecture(functional([input, rows, odd], 'odd')), { code: 'CONVOY_MODEL', message });
  });
}

test("a class of one's own that is called like one of Keras's is refused by layer and registered name", (t) => {
  const own = { ...keras3('Flatten', 'mine', {}, ['pixels']), module: null, registered_name: 'My>Flatten' };
  const message = /layer mine: expected a class of Keras's own but found My>Flatten/;
  t.throws(() => loadArchitecture(functional([input, own], 'mine')), { code: 'CONVOY_MODEL', message });
});
