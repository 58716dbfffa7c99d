import { readFileSync } from 'node:fs';
import test from 'ava';
import sharp from 'sharp';
import { ConvoyError } from '../../src/base/errors.js';
import { type LayersModel, type Tensor, tf } from '../../src/base/tf.js';
import { createModel, initialWeights, modelParameters, setWeights } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { loadModelFile, mapWeights, type NamedTensor, readWeightsFile } from '../../src/weights/index.js';
import { fashionImages, fixtures } from '../support/keras.js';
import { hidden, mapped, memory, tensor } from '../support/two-layers.js';

const fixture = (path: string): string => new URL(path, fixtures).pathname;
const published = fixture('parity/torch-resnet20-cifar10/resnet20.safetensors');
const cifar = { height: 32, width: 32, channels: 3, classes: 10 };

test.before(async () => {
  await loadNative();
});

function outputs(model: LayersModel, input: Float32Array, shape: number[]): number[] {
  return tf.tidy(() => [...(model.predict(tf.tensor(input, shape)) as Tensor).dataSync()]);
}

test.serial('the published ResNet-20 gives its 16 logits', async (t) => {
  const { normalize, first_16_logits: logits } = JSON.parse(
    readFileSync(fixture('parity/torch-resnet20-cifar10/expected.json'), 'utf8'),
  ) as { normalize: { mean: number[]; std: number[] }; first_16_logits: number[][] };
  const model = createModel('cifar-resnet20', cifar);
  const before = tf.memory().numTensors;
  setWeights(model, mapWeights(model, await readWeightsFile(published)));
  t.is(tf.memory().numTensors, before);
  const input = new Float32Array(16 * 3072);
  for (let image = 0; image < 16; image++) {
    const name = `parity/torch-resnet20-cifar10/images/${String(image).padStart(4, '0')}.jpg`;
    const pixels = await sharp(fixture(name)).raw().toBuffer();
    pixels.forEach((pixel, at) => {
      const channel = at % 3;
      input[image * 3072 + at] = (pixel / 255 - (normalize.mean[channel] ?? NaN)) / (normalize.std[channel] ?? NaN);
    });
  }
  const actual = outputs(model, input, [16, 32, 32, 3]);
  const difference = Math.max(...logits.flat().map((logit, at) => Math.abs(logit - (actual[at] ?? NaN))));
  t.true(difference < 1e-3, `${difference}`);
  model.dispose();
});

test.serial('weights of another architecture: one error lists missing, unexpected and misshapen names', async (t) => {
  const deeper = createModel('cifar-resnet32', cifar);
  const file = await readWeightsFile(published);
  const missing = t.throws(() => mapWeights(deeper, file), { instanceOf: ConvoyError });
  // ResNet-32 has two more blocks in each of three stages: 6 blocks of 2 convolutions and 2 batch norms of 4 weights.
  t.regex(
    missing?.message ?? '',
    /resnet20.safetensors: expected the weights of this architecture but found 60 missing: /,
  );
  t.regex(missing?.message ?? '', /layer1\.3\.conv1\/kernel, layer1\.3\.bn1\/gamma, .*, \.\.\.$/);
  t.notRegex(missing?.message ?? '', /unexpected|misshapen/);
  const { code, details } = missing as ConvoyError;
  t.is(code, 'CONVOY_WEIGHTS');
  t.is((details['missing'] as string[]).length, 12);
  t.deepEqual(details['counts'], { missing: 60, unexpected: 0, misshapen: 0 });

  const wider = createModel('cifar-resnet20', { ...cifar, classes: 100, shortcut: 'projection' });
  const all = t.throws(() => mapWeights(wider, file))?.message ?? '';
  // Two projections of a kernel and four batch norm weights.
  t.regex(all, /10 missing: layer2\.0\.downsample\.0\/kernel, layer2\.0\.downsample\.1\/gamma/);
  t.regex(
    all,
    /2 misshapen: linear\.weight \(expected \[100,64\], found \[10,64\]\), linear\.bias \(expected \[100\], found \[10\]\)$/,
  );

  const other = createModel('mnist-cnn', { height: 28, width: 28, channels: 1, classes: 10 });
  t.regex(t.throws(() => mapWeights(other, file))?.message ?? '', /\d+ missing: .*; 9\d unexpected: /);
  for (const model of [deeper, wider, other]) model.dispose();
});

test.serial('a skipped head keeps its values, whatever the file says of it', (t) => {
  const expected = [
    [1, 2, 3, 4],
    [5, 6],
    [9, 9, 9, 9, 9, 9],
  ];
  for (const head of [[], [tensor('head/kernel', [2, 10])], [tensor('predictions/kernel', [2, 1000])]]) {
    t.deepEqual(mapped(memory([...hidden, ...head]), { skip: 'head' }), expected);
    t.deepEqual(mapped(memory([...hidden, ...head]), { skip: ['head'] }), expected);
  }
  const initial = [new Float32Array(4), new Float32Array(2), new Float32Array(6).fill(7)];
  t.deepEqual(mapped(memory(hidden), { skip: 'head', initial })[2], [7, 7, 7, 7, 7, 7]);
  t.throws(() => mapped(memory([tensor('hidden/kernel', [2, 2])]), { skip: 'head' }), {
    message: /1 missing: hidden\/bias$/,
  });
  t.throws(() => mapped(memory(hidden), { skip: ['tail'] }), { message: /for skip but received "tail"/ });
});

test.serial(
  'without strictness absent weights stay and surplus ones are ignored, misshapen ones are still refused',
  (t) => {
    const file = memory([tensor('hidden/kernel', [2, 2]), tensor('surplus/kernel', [1])]);
    t.deepEqual(mapped(file, { strict: false }), [
      [1, 2, 3, 4],
      [0, 0],
      [9, 9, 9, 9, 9, 9],
    ]);
    t.throws(() => mapped(file), { message: /2 missing: hidden\/bias, head\/kernel; 1 unexpected: surplus\/kernel$/ });
    t.throws(() => mapped(memory([tensor('hidden/kernel', [2, 3])]), { strict: false }), {
      message: /1 misshapen: hidden\/kernel/,
    });
  },
);

test.serial('names can be given, as a table or a function', (t) => {
  const file = memory([tensor('a', [2, 2]), tensor('b', [2], 5), tensor('head/kernel', [2, 3], 7)]);
  const names = { a: 'hidden/kernel', b: 'hidden/bias' };
  const expected = [
    [1, 2, 3, 4],
    [5, 6],
    [7, 8, 9, 10, 11, 12],
  ];
  t.deepEqual(mapped(file, { names }), expected);
  t.deepEqual(mapped(file, { names: (name) => Object.entries(names).find(([from]) => from === name)?.[1] }), expected);
  t.throws(() => mapped(file, { names: { a: 'nowhere/kernel' } }), {
    message: /for names\["a"\] but received "nowhere\/kernel"/,
  });
});

test.serial('a file in which only the order tells is refused, and read in order on request alone', (t) => {
  const strangers = [tensor('x/kernel', [2, 2]), tensor('x/bias', [2], 5), tensor('y/kernel', [2, 3], 7)];
  const shifted = [tensor('x/kernel', [2, 2]), tensor('x/bias', [2], 5), tensor('hidden/kernel', [2, 3], 7)];
  const expected = [
    [1, 2, 3, 4],
    [5, 6],
    [7, 8, 9, 10, 11, 12],
  ];
  for (const tensors of [strangers, shifted]) {
    for (const format of ['keras-h5', 'safetensors', 'tfjs'] as const) {
      const error = t.throws(() => mapped(memory(tensors, format)), { instanceOf: ConvoyError });
      t.is(error?.code, 'CONVOY_WEIGHTS');
      t.regex(error?.message ?? '', /\d missing: .*the shapes fit in order, .* match: 'order', or give names$/);
      t.deepEqual(mapped(memory(tensors, format), { match: 'order' }), expected);
    }
  }
  const short = t.throws(() => mapped(memory(strangers.slice(1), 'keras-h5')));
  t.notRegex(short?.message ?? 'order', /order/);
  t.throws(() => mapped(memory(strangers), { match: 'name' }), { message: /3 missing: .*; 3 unexpected: / });
});

test.serial('the only weight of a layer is found under the name that Keras gives to weights without one', (t) => {
  // Keras 3.15 on two ConvNeXt bases in a model: groups of the bases, weights `LAYER/variable_7`, trainable layers first.
  const base = (name: string): LayersModel =>
    tf.sequential({
      name,
      layers: ['one', 'two'].map((layer) =>
        tf.layers.dense({ name: layer, units: 2, useBias: false, inputShape: [2] }),
      ),
    });
  const model = tf.sequential({ layers: [base('left'), base('right')] });
  const grouped = (layer: string, name: string, first: number): NamedTensor => ({
    ...tensor(name, [2, 2], first),
    layer,
  });
  const file = memory(
    [
      grouped('left', 'two/variable_1', 5),
      grouped('left', 'one/variable', 1),
      grouped('right', 'one/variable_2', 9),
      grouped('right', 'two/variable_3', 13),
    ],
    'keras-h5',
  );
  t.deepEqual(
    mapWeights(model, file).map(([first]) => first),
    [1, 5, 9, 13],
  );
  model.dispose();
});

test.serial('a file of Keras 3 under other names is read by class and place of its layers', (t) => {
  const values = [tensor('x/kernel', [2, 2]), tensor('x/bias', [2], 5), tensor('y/kernel', [2, 3], 7)];
  const expected = values.map(({ data }) => [...data]);
  // Such files are in the order of the alphabet: only keys of the right class and counter will do.
  const keyed = (keys: string[]): NamedTensor[] =>
    values.map((value, at) => ({ ...value, layer: `l${keys[at]}`, key: keys[at] ?? '', index: at % 2 }));
  t.deepEqual(mapped(memory(keyed(['dense', 'dense', 'dense_1']), 'keras-weights-h5')), expected);
  t.throws(() => mapped(memory(keyed(['dense', 'dense', 'dense_2']), 'keras-weights-h5')), { message: /3 missing/ });
});

test.serial('a Keras 3 file whose layers carry no names is read by class and counter', (t) => {
  const place = (key: string, index: number, values: NamedTensor): NamedTensor => ({
    ...values,
    layer: key,
    key,
    index,
  });
  const file = memory(
    [
      place('dense', 0, tensor('dense/0', [2, 2])),
      place('dense', 1, tensor('dense/1', [2], 5)),
      place('dense_1', 0, tensor('dense_1/0', [2, 3], 7)),
    ],
    'keras-weights-h5',
  );
  t.deepEqual(mapped(file), [
    [1, 2, 3, 4],
    [5, 6],
    [7, 8, 9, 10, 11, 12],
  ]);
});

test.serial('names of wrappers and the count of batches seen do not disturb PyTorch weights', (t) => {
  // [out, in] of PyTorch: 1 2 / 3 4 becomes 1 3 / 2 4.
  const file = memory([
    tensor('module.hidden.weight', [2, 2]),
    tensor('module.hidden.bias', [2], 5),
    tensor('module.bn.num_batches_tracked', []),
    tensor('module.head.weight', [3, 2], 7),
  ]);
  t.deepEqual(mapped(file), [
    [1, 3, 2, 4],
    [5, 6],
    [7, 9, 11, 8, 10, 12],
  ]);
});

test.serial('a PyTorch parameter without a module of its own is the only weight of the layer of that name', (t) => {
  const model = createModel('vit-tiny', {
    height: 8,
    width: 8,
    channels: 3,
    classes: 2,
    depth: 1,
    features: 4,
    heads: 1,
  });
  const tensors = modelParameters(model).map(({ spec: { name, shape } }) => {
    const torch = name
      .replace(/^(cls_token|pos_embed)\/.*/, '$1')
      .replace('/gamma', '.weight')
      .replace('/beta', '.bias')
      .replace('/', '.');
    const reversed = torch.endsWith('kernel') && shape.length === 2 ? [...shape].reverse() : shape;
    const [height = 0, width = 0, input = 0, output = 0] = shape;
    return tensor(
      torch.replace('.kernel', '.weight'),
      shape.length === 4 ? [output, input, height, width] : [...reversed],
    );
  });
  const names = tensors.map(({ name }) => name);
  // Names as timm 1.0 gives its VisionTransformer.
  for (const name of ['cls_token', 'pos_embed', 'blocks.0.attn.qkv.weight', 'blocks.0.norm1.bias', 'head.weight']) {
    t.true(names.includes(name), name);
  }
  const weights = mapWeights(model, memory(tensors.reverse()), { match: 'name' });
  t.is(weights.length, names.length);
  model.dispose();
});

for (const name of ['final.keras', 'final.h5']) {
  test.serial(`a whole model loads with its architecture and gives Keras's outputs: ${name}`, async (t) => {
    for (const folder of ['keras-fashion-cnn', 'keras-batchnorm-resnet']) {
      const { model } = await loadModelFile(fixture(`parity/${folder}/${name}`));
      const expected = JSON.parse(readFileSync(fixture(`parity/${folder}/expected.json`), 'utf8')) as {
        final_inference_output_first_4: number[][];
      };
      const pixels = Float32Array.from(fashionImages().pixels.subarray(0, 4 * 784), (pixel) => pixel / 255);
      const actual = outputs(model, pixels, [4, 28, 28, 1]);
      for (const [at, value] of expected.final_inference_output_first_4.flat().entries()) {
        t.true(Math.abs(value - (actual[at] ?? NaN)) < 1e-5);
      }
      model.dispose();
    }
  });
}

test.serial('a file without architecture is no model; a failed load leaks no tensor', async (t) => {
  const before = tf.memory().numTensors;
  await t.throwsAsync(loadModelFile(published), {
    message: /expected a model with its architecture but found weights alone/,
  });
  t.is(tf.memory().numTensors, before);
});

test.serial('mapping leaves the model and its initial weights alone', async (t) => {
  const model = createModel('cifar-resnet20', cifar);
  const initial = initialWeights(model, 1);
  const copies = initial.map((values) => values.slice());
  setWeights(model, initial);
  mapWeights(model, await readWeightsFile(published), { initial });
  t.deepEqual(initial, copies);
  modelParameters(model).forEach(({ variable }, index) => {
    t.deepEqual(Float32Array.from(variable.read().dataSync()), copies[index]);
  });
  model.dispose();
});
