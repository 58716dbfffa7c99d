import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { createModel, type ModelOptions, modelParameters, networkNamed, networks } from '../../src/models/index.js';
import { outputSizes, usualSide } from '../support/network-tasks.js';

/** A network's options at the input size of its source. */
function optionsOf(name: string, more: Record<string, unknown> = {}): ModelOptions {
  const { defaultInput, defaultChannels, defaultClasses } = networkNamed(name);
  return { height: defaultInput, width: defaultInput, channels: defaultChannels, classes: defaultClasses, ...more };
}

function parametersOf(name: string, more: Record<string, unknown> = {}): { trainable: number; total: number } {
  const model = createModel(name, optionsOf(name, more));
  let trainable = 0;
  let total = 0;
  for (const { spec } of modelParameters(model)) {
    const size = spec.shape.reduce((product, length) => product * length, 1);
    total += size;
    if (spec.trainable) trainable += size;
  }
  model.dispose();
  return { trainable, total };
}

// By hand, kernel + bias of each layer.
const byHand: Record<string, number> = {
  'mnist-cnn': 9 * 32 + 32 + (9 * 32 * 64 + 64) + (5 * 5 * 64 * 128 + 128) + (128 * 10 + 10),
  'fashion-mnist-cnn': 25 * 32 + 32 + (25 * 32 * 64 + 64) + (4 * 4 * 64 * 10 + 10),
  'cifar10-cnn': 27 * 32 + 32 + (9 * 32 * 32 + 32) + (16 * 16 * 32 * 512 + 512) + (512 * 10 + 10),
  // Whitening, three blocks of two convolutions without bias, beta and two moving statistics of each, and the logits.
  'cifar10-fast':
    12 * 24 +
    24 +
    9 * (24 * 64 + 64 * 64 + 64 * 128 + 128 * 128 + 128 * 256 + 256 * 256) +
    3 * 2 * (64 + 128 + 256) +
    256 * 10,
  mlp: 784 * 512 + 512 + (512 * 256 + 256) + (256 * 10 + 10),
  lenet5: 61_706, // the count every course states for 32x32 inputs
};
for (const [name, count] of Object.entries(byHand)) {
  test(`${name} has ${count} parameters`, (t) => {
    t.is(parametersOf(name).total, count);
  });
}

// All parameters, moving statistics included, as `keras.applications` counts them with 1,000 classes.
const keras: Record<string, number> = {
  vgg16: 138_357_544,
  vgg19: 143_667_240,
  resnet50: 25_636_712,
  resnet101: 44_707_176,
  'inception-v3': 23_851_784,
  'mobilenet-v1': 4_253_864,
  'mobilenet-v2': 3_538_984,
  'efficientnet-b0': 5_330_571,
  'efficientnet-b1': 7_856_239,
  'efficientnet-b2': 9_177_569,
  densenet121: 8_062_504,
};
for (const [name, count] of Object.entries(keras)) {
  test(`${name} has Keras's ${count} parameters`, (t) => {
    t.is(parametersOf(name).total, count);
  });
}

// Trainable parameters: `num_params` of torchvision's and timm's published weights, what
// akamaster/pytorch_resnet_cifar10 states for CIFAR ResNets, and table 2 of the DenseNet paper (0.8 million).
const pytorch: Record<string, number> = {
  alexnet: 61_100_840,
  vgg11: 132_863_336,
  vgg13: 133_047_848,
  'vgg11-bn': 132_868_840,
  'vgg13-bn': 133_053_736,
  'vgg16-bn': 138_365_992,
  'vgg19-bn': 143_678_248,
  resnet18: 11_689_512,
  resnet34: 21_797_672,
  googlenet: 6_624_904,
  'vit-tiny': 5_717_416,
  'vit-small': 22_050_664,
  'cifar-resnet20': 269_722,
  'cifar-resnet32': 464_154,
  'cifar-resnet44': 658_586,
  'cifar-resnet56': 853_018,
  'cifar-resnet110': 1_727_962,
  'densenet-bc': 769_162,
};
for (const [name, count] of Object.entries(pytorch)) {
  test(`${name} has PyTorch's ${count} trainable parameters`, (t) => {
    t.is(parametersOf(name).trainable, count);
  });
}

test('cifar10-fast trains all but its whitening and its moving statistics', (t) => {
  const { total, trainable } = parametersOf('cifar10-fast');
  t.is(total - trainable, 12 * 24 + 24 + 2 * 2 * (64 + 128 + 256));
});

test("ResNet-50 and 101 have torchvision's parameters in its variant", (t) => {
  t.is(parametersOf('resnet50', { variant: 'torch' }).trainable, 25_557_032);
  t.is(parametersOf('resnet101', { variant: 'torch' }).trainable, 44_549_160);
});

test('projection shortcuts of a CIFAR ResNet add two 1x1 convolutions with batch normalization', (t) => {
  const added = 16 * 32 + 2 * 32 + 32 * 64 + 2 * 64;
  t.is(parametersOf('cifar-resnet20', { shortcut: 'projection' }).trainable, 269_722 + added);
});

for (const network of networks.filter(({ name }) => name !== 'custom')) {
  test(`${network.name} gives what it is for at its smallest input`, (t) => {
    const size = usualSide(network);
    const model = network.create({ height: size, width: size, channels: 2, classes: 7 });
    t.deepEqual(
      model.outputs.map((output) => output.shape),
      [[null, ...outputSizes(network, size, 2, 7)]],
    );
    t.deepEqual(
      model.inputs.map((input) => input.shape),
      [[null, size, size, 2]],
    );
    model.dispose();
    const error = t.throws(() => network.create({ height: 0, width: size, channels: 1, classes: 2 }), {
      instanceOf: ConvoyError,
    });
    t.is(error?.code, 'CONVOY_OPTION');
  });
}

test('an unknown network is refused with the names of all', (t) => {
  const error = t.throws(() => createModel('resnet-20', optionsOf('mlp')), { instanceOf: ConvoyError });
  t.is(error?.code, 'CONVOY_OPTION');
  t.regex(error?.message ?? '', /for model but received "resnet-20"; did you mean cifar-resnet20\?/);
});

test('an unknown option is refused with the names of those there are', (t) => {
  const error = t.throws(() => createModel('cifar-resnet20', optionsOf('cifar-resnet20', { widht: 2 })));
  t.regex(
    error?.message ?? '',
    /"widht" of cifar-resnet20; did you mean widthFactor\? \(it takes shortcut, widthFactor, initializer\)/,
  );
});

const wrongOptions: [string, Record<string, unknown>, RegExp][] = [
  ['mlp', { hidden: [0] }, /at least 1 for mlp\.hidden\.0 but received 0/],
  ['cifar10-cnn', { dropoutDense: 1 }, /less than 1 for cifar10-cnn\.dropoutDense but received 1/],
  ['cifar10-cnn', { classes: 2.5 }, /an integer for cifar10-cnn\.classes but received 2.5/],
  ['cifar-resnet20', { shortcut: 'B' }, /one of pad, projection for cifar-resnet20\.shortcut but received "B"/],
  ['densenet-bc', { depth: 41 }, /a depth of 6n \+ 4.* for densenet-bc\.depth but received 41/],
  ['vit-tiny', { patch: 5 }, /a divisor of height 224 and width 224 for vit-tiny\.patch but received 5/],
  ['vit-tiny', { heads: 5 }, /a divisor of features 192 for vit-tiny\.heads but received 5/],
  ['mnist-cnn', { height: 9 }, /at least 10 \(--image-size in a command line\) for the images of mnist-cnn/],
];
for (const [name, more, message] of wrongOptions) {
  test(`${name} refuses ${JSON.stringify(more)}`, (t) => {
    const error = t.throws(() => createModel(name, optionsOf(name, more)), { instanceOf: ConvoyError });
    t.is(error?.code, 'CONVOY_OPTION');
    t.regex(error?.message ?? '', message);
  });
}
