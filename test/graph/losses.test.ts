import test from 'ava';
import { tf } from '../../src/base/tf.js';
import type { LossSpec } from '../../src/contracts/index.js';
import { gradients } from '../../src/graph/gradients/reverse.js';
import { lowerLoss } from '../../src/graph/loss/index.js';
import { losses, lossName } from '../../src/losses/spec/index.js';
import { loadNative } from '../../src/native/index.js';
import { GraphBuilder } from '../../src/ops/builder.js';
import { binary, unary } from '../../src/ops/elementwise.js';
import { reduce } from '../../src/ops/reduce.js';
import type { Value } from '../../src/ops/types.js';
import { stepSpec } from '../support/engine-run.js';
import { compareEngines, worst } from '../support/engines.js';
import { type Feed, GraphEvaluation } from '../support/graph-eval.js';
import { lossCases } from '../support/loss-cases.js';

const model = tf.sequential({ layers: [tf.layers.flatten({ inputShape: [1, 1, 1] }), tf.layers.dense({ units: 1 })] });

for (const [name, given] of lossCases) {
  test.serial(`${name}: the graph has the reference's value and gradient`, async (t) => {
    const native = await loadNative();
    const width = given.input[0]?.length as number;
    const graph = new GraphBuilder();
    const outputs = graph.placeholder('outputs', 'float32', [-1, width]);
    const indices = given.labels !== undefined;
    const targets = graph.placeholder('targets', indices ? 'int32' : 'float32', indices ? [-1] : [-1, width]);
    const spec = stepSpec(model, { loss: given.parsed, classes: width, targets: indices ? 'classes' : 'multi-label' });
    const { losses, weights } = lowerLoss(graph, spec, outputs, targets);
    const total = reduce(graph, 'Sum', weights === undefined ? losses : binary(graph, 'Mul', losses, weights));
    const divisor =
      weights === undefined ? graph.constant(given.input.length, 'float32') : reduce(graph, 'Sum', weights);
    const mean = binary(graph, 'RealDiv', total, divisor);
    const [gradient] = gradients(graph, unary(graph, 'Identity', mean), [outputs]);
    const evaluation = await GraphEvaluation.open(native, graph);
    const feeds: Feed[] = [
      { value: outputs, data: Float32Array.from(given.input.flat()), shape: [given.input.length, width] },
      given.labels === undefined
        ? { value: targets, data: Float32Array.from(given.targets?.flat() ?? []), shape: [given.input.length, width] }
        : { value: targets, data: Int32Array.from(given.labels), shape: [given.labels.length] },
    ];
    const [value, slopes] = evaluation.values(feeds, [mean, gradient as Value]);
    t.true(Math.abs((value?.[0] as number) - given.loss) < 1e-5 * Math.max(1, Math.abs(given.loss)), `${value?.[0]}`);
    for (const [index, expected] of given.gradient.flat().entries()) {
      t.true(
        Math.abs((slopes?.[index] as number) - expected) < 1e-5 * Math.max(1, Math.abs(expected)),
        `${index}: ${slopes?.[index]}`,
      );
    }
    evaluation.graph.dispose();
  });
}

const { layers } = tf;
const classifier = (activation: 'linear' | 'softmax' | 'sigmoid'): typeof model =>
  tf.sequential({ layers: [layers.flatten({ inputShape: [3, 3, 2] }), layers.dense({ units: 4, activation })] });

/** Activation at the model's end, loss, and kind of targets. */
const ends: Readonly<Record<string, ['linear' | 'softmax' | 'sigmoid', LossSpec, 'classes' | 'multi-label']>> = {
  'softmax under cross-entropy of probabilities': ['softmax', { name: 'crossEntropy', fromLogits: false }, 'classes'],
  'sigmoid under binary cross-entropy of probabilities': [
    'sigmoid',
    { name: 'binaryCrossEntropy', fromLogits: false, labelSmoothing: 0.1 },
    'multi-label',
  ],
  'cross-entropy of soft targets': ['linear', { name: 'crossEntropy', labelSmoothing: 0.1 }, 'multi-label'],
  'cross-entropy with smoothing and class weights': [
    'linear',
    { name: 'crossEntropy', labelSmoothing: 0.2, classWeights: [1, 2, 0, 0.5] },
    'classes',
  ],
  'focal loss on softmax': ['softmax', { name: 'focal', fromLogits: false }, 'classes'],
  'binary cross-entropy of class indices': ['linear', { name: 'binaryCrossEntropy' }, 'classes'],
  hinge: ['linear', { name: 'hinge' }, 'classes'],
  'Huber loss': ['linear', { name: 'huber', delta: 0.5 }, 'multi-label'],
};

for (const [title, [activation, loss, targets]] of Object.entries(ends)) {
  test.serial(`${title}: both engines agree on loss, right answers and gradients`, async (t) => {
    const { name, difference } = worst(await compareEngines(classifier(activation), { loss, targets }));
    t.true(difference < 1e-5, `${name}: ${difference}`);
  });
}

for (const { outputs, examples } of losses.filter(({ boxes }) => !boxes)) {
  for (const example of examples) {
    const probable = example['fromLogits'] === false;
    const activation = !probable ? 'linear' : outputs === 'sigmoid' ? 'sigmoid' : 'softmax';
    test.serial(`both engines agree on ${lossName(example as LossSpec)}`, async (t) => {
      for (const targets of ['classes', 'multi-label'] as const) {
        const compared = await compareEngines(classifier(activation), { loss: example as LossSpec, targets });
        const { name, difference } = worst(compared);
        t.true(difference < 1e-5, `${targets}, ${name}: ${difference}`);
      }
    });
  }
}
