import test from 'ava';
import { type LayersModel, tf } from '../../src/base/tf.js';
import type { LossSpec } from '../../src/contracts/index.js';
import { activationNote } from '../../src/runtime/output-activation.js';

const { layers } = tf;

/** Two dense layers, the first with a sigmoid, and what follows them. */
function network(
  units: number,
  activation: 'linear' | 'softmax' | 'sigmoid',
  after: 'nothing' | 'reshape' = 'nothing',
): LayersModel {
  const model = tf.sequential({
    layers: [
      layers.dense({ name: 'hidden', units: 4, activation: 'sigmoid', inputShape: [6] }),
      layers.dense({ name: 'last', units, activation }),
      ...(after === 'reshape' ? [layers.reshape({ targetShape: [units] }), layers.dropout({ rate: 0.1 })] : []),
    ],
  });
  return model;
}

const table: readonly (readonly [title: string, model: () => LayersModel, loss: LossSpec, note: RegExp | undefined])[] =
  [
    ['logits under cross-entropy', () => network(3, 'linear'), { name: 'crossEntropy' }, undefined],
    [
      'softmax under cross-entropy of logits',
      () => network(3, 'softmax'),
      { name: 'crossEntropy', fromLogits: true },
      /^the network ends in softmax \(layer last\), and the loss crossEntropy applies its own to logits: .*fromLogits=false$/,
    ],
    [
      'softmax behind a reshape and a dropout',
      () => network(3, 'softmax', 'reshape'),
      { name: 'crossEntropy' },
      /^the network ends in softmax \(layer last\)/,
    ],
    [
      'softmax that the loss knows of',
      () => network(3, 'softmax'),
      { name: 'crossEntropy', fromLogits: false },
      undefined,
    ],
    [
      'sigmoid under cross-entropy of probabilities',
      () => network(3, 'sigmoid'),
      { name: 'crossEntropy', fromLogits: false },
      /expects probabilities that sum to 1: binaryCrossEntropy goes with it/,
    ],
    [
      'softmax under binary cross-entropy',
      () => network(3, 'softmax'),
      { name: 'binaryCrossEntropy', fromLogits: false },
      /takes each class alone: crossEntropy goes with it/,
    ],
    [
      'sigmoid of one output for two classes',
      () => network(1, 'sigmoid'),
      { name: 'binaryCrossEntropy', fromLogits: false },
      undefined,
    ],
    ['softmax under a loss of values', () => network(3, 'softmax'), { name: 'meanSquaredError' }, undefined],
  ];
for (const [title, model, loss, note] of table) {
  test(`${title}: ${note === undefined ? 'nothing is told' : 'a note is told'}`, (t) => {
    const built = model();
    const told = activationNote(built, loss);
    if (note === undefined) t.is(told, undefined);
    else t.regex(told ?? '', note);
    built.dispose();
  });
}
