import test from 'ava';
import { createModel, formatSummary, modelSummary, networkNamed } from '../../src/models/index.js';

function summaryOf(name: string, more: Record<string, unknown> = {}): ReturnType<typeof modelSummary> {
  const { defaultInput: size, defaultChannels: channels, defaultClasses: classes } = networkNamed(name);
  const model = createModel(name, { height: size, width: size, channels, classes, ...more });
  const summary = modelSummary(model);
  model.dispose();
  return summary;
}

// `_ops` of torchvision's published weights: thousand million multiply-adds at the default input, to three decimals.
const torchvision: [string, number, Record<string, unknown>?][] = [
  ['alexnet', 0.714],
  ['vgg11', 7.609],
  ['vgg19-bn', 19.632],
  ['resnet18', 1.814],
  ['resnet34', 3.664],
  ['resnet50', 4.089, { variant: 'torch' }],
  ['googlenet', 1.498],
  ['inception-v3', 5.713],
  ['mobilenet-v2', 0.301],
  ['efficientnet-b0', 0.386],
  ['efficientnet-b1', 0.687],
  ['densenet121', 2.834],
];
for (const [name, expected, more] of torchvision) {
  test(`${name} costs ${expected} thousand million multiply-adds, as torchvision counts`, (t) => {
    t.true(
      Math.abs(summaryOf(name, more).multiplyAdds / 1e9 - expected) <= 0.0006,
      String(summaryOf(name, more).multiplyAdds),
    );
  });
}

test('a summary gives each layer and the totals', (t) => {
  const summary = summaryOf('fashion-mnist-cnn');
  t.deepEqual(
    summary.layers.map(({ name, outputShape, parameters, multiplyAdds }) => [
      name,
      outputShape,
      parameters,
      multiplyAdds,
    ]),
    [
      ['input', [28, 28, 1], 0, 0],
      ['conv1', [24, 24, 32], 25 * 32 + 32, 24 * 24 * 32 * 25],
      ['pool1', [12, 12, 32], 0, 0],
      ['conv2', [8, 8, 64], 25 * 32 * 64 + 64, 8 * 8 * 64 * 25 * 32],
      ['pool2', [4, 4, 64], 0, 0],
      ['flatten', [1024], 0, 0],
      ['logits', [10], 10_250, 10_240],
    ],
  );
  t.is(summary.parameters, 62_346);
  t.is(summary.activationBytes, 4 * (24 * 24 * 32 + 12 * 12 * 32 + 8 * 8 * 64 + 4 * 4 * 64 + 10));
  t.true(summary.trainingBytes > 2 * summary.activationBytes, 'outputs and their gradients at least');
});

test('attention costs queries by keys and weights by values', (t) => {
  const summary = summaryOf('vit-tiny', { height: 32, width: 32, depth: 1 });
  const attention = summary.layers.find((layer) => layer.name === 'blocks.0.attn');
  // 64 patches of 4x4 and the class token; heads only divide the features.
  t.is(attention?.multiplyAdds, 65 * 65 * 192 + 65 * 65 * 192);
});

test('frozen layers and moving statistics are parameters that do not train', (t) => {
  const model = createModel('cifar-resnet20', { height: 8, width: 8, channels: 3, classes: 10 });
  model.getLayer('conv1').trainable = false;
  const summary = modelSummary(model);
  t.is(summary.parameters - summary.trainableParameters, 2 * 688 + 432);
  t.regex(formatSummary(summary), /^conv1 \(frozen\) +Conv2D +8x8x16 +432 +27,648$/m);
  t.regex(formatSummary(summary), /^parameters +271,098 \(269,290 trainable\)$/m);
  model.dispose();
});

test('small amounts of memory are told in KiB', (t) => {
  // 784 inputs and 512 + 10 outputs: the activations are 522 numbers of 4 bytes.
  const summary = { ...summaryOf('mlp', { height: 28, width: 28, channels: 1, classes: 10, hidden: [512] }) };
  t.is(summary.activationBytes, 4 * 522);
  const text = formatSummary(summary);
  t.regex(text, /^activations +2\.04 KiB a sample$/m);
  t.regex(formatSummary({ ...summary, activationBytes: 3 * 2 ** 19 }), /^activations +1\.5 MiB a sample$/m);
});
