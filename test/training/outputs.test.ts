import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { type LayersModel, tf } from '../../src/base/tf.js';
import type { ConfigInput } from '../../src/config/config.js';
import type { LossSpec } from '../../src/contracts/index.js';
import { checkOutputs, classScores, probabilities } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { evaluateSplit } from '../../src/training/evaluation.js';
import { convoy, inProcess, records, writeImages } from '../support/convoy.js';
import { compareEngines, worst } from '../support/engines.js';
import { inMemory, withRuntime } from '../support/in-memory.js';

test.before(async () => {
  await loadNative(); // models are made on its backend
});

type Activation = 'linear' | 'sigmoid';

/** Outputs of an image of one pixel: kernel times the pixel, from 0 to 1, plus bias. */
function single(activation: Activation = 'linear', outputs = 1): LayersModel {
  return tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [1, 1, 1] }),
      tf.layers.dense({ name: 'head', units: outputs, activation }),
    ],
  });
}

interface Case {
  readonly loss: NonNullable<ConfigInput['loss']>;
  readonly activation?: Activation;
  /** Of each pixel, from 0 to 1. */
  readonly kernel: number;
  readonly bias: number;
  readonly right: number;
}

/**
 * Keras's example of `binary_accuracy`, targets [1, 1, 0, 0] and outputs [0.98, 1, 0, 0.6], of which 0.75 are right; as
 * logits those less 0.5, whose signs are the same.
 */
const pixels = Uint8Array.of(250, 255, 0, 153);
const labels = [1, 1, 0, 0];
const cases: Case[] = [
  { loss: { name: 'meanSquaredError' }, kernel: 1, bias: 0, right: 0.75 },
  { loss: { name: 'huber' }, kernel: 1, bias: 0, right: 0.75 },
  { loss: { name: 'binaryCrossEntropy' }, kernel: 1, bias: -0.5, right: 0.75 },
  // All logits are above 0 but one of them is 0.
  { loss: { name: 'binaryCrossEntropy' }, kernel: 1, bias: 0, right: 0.75 },
  { loss: { name: 'binaryCrossEntropy' }, kernel: 1, bias: 0.1, right: 0.5 },
  { loss: { name: 'binaryCrossEntropy' }, activation: 'sigmoid', kernel: 1, bias: -0.7, right: 1 },
  { loss: { name: 'hinge' }, kernel: -1, bias: 0.5, right: 0.25 },
];

/**
 * Indices of the cases that the eager engine is given too, one of each rule: values, logits with one of 0, probabilities,
 * margins. Each of its workers takes a second to load tfjs.
 */
const eagerCases = [0, 3, 5, 6];

for (const [engine, chosen] of [
  ['compiled', cases],
  ['eager', cases.filter((_, index) => eagerCases.includes(index))],
] as const) {
  test.serial(`${engine}: accuracy of one output is Keras's binary accuracy`, async (t) => {
    for (const { loss, activation, kernel, bias, right } of chosen) {
      const config = { dataset: 'four', model: { name: 'one' }, loss, engine, workers: 1, shards: 3, batchSize: 4 };
      const options = {
        datasets: inMemory(pixels, labels, 1, 2),
        model: single(activation),
        weights: [Float32Array.of(kernel), Float32Array.of(bias)],
      };
      await withRuntime(config, options, async (runtime) => {
        const { coordinator, arena, layout, evaluationSlots } = runtime;
        const stage = runtime.evaluationStage(runtime.datasets.test);
        let outputs = new Float32Array();
        const onOutputs = (values: Float32Array): void => void (outputs = values.slice());
        const scores = await evaluateSplit({
          stage,
          coordinator,
          arena,
          layout,
          slots: evaluationSlots,
          count: 4,
          onOutputs,
        });
        await stage.close();
        t.is(scores.accuracy, right, JSON.stringify({ loss, kernel, bias }));
        const expected = [...pixels]
          .map((pixel) => (pixel / 255) * kernel + bias)
          .map((z) => (activation === 'sigmoid' ? 1 / (1 + Math.exp(-z)) : z));
        t.is(outputs.length, 4);
        for (const [sample, value] of expected.entries())
          t.true(Math.abs((outputs[sample] ?? Number.NaN) - value) < 1e-6);
      });
    }
  });
}

const compared: [string, LossSpec, Activation, number, 'classes' | 'multi-label'][] = [
  ['one logit', { name: 'binaryCrossEntropy' }, 'linear', 1, 'classes'],
  ['one probability', { name: 'binaryCrossEntropy', fromLogits: false }, 'sigmoid', 1, 'classes'],
  ['one value', { name: 'meanAbsoluteError' }, 'linear', 1, 'classes'],
  ['one margin', { name: 'hinge' }, 'linear', 1, 'classes'],
  ['a distribution of targets', { name: 'crossEntropy' }, 'linear', 3, 'multi-label'],
  ['several labels', { name: 'binaryCrossEntropy' }, 'linear', 3, 'multi-label'],
  ['several values', { name: 'meanSquaredError' }, 'linear', 3, 'multi-label'],
];
for (const [what, loss, activation, outputs, targets] of compared) {
  test.serial(`both engines count alike: ${what}`, async (t) => {
    const difference = worst(
      await compareEngines(
        single(activation, outputs),
        { loss, targets, classes: outputs === 1 ? 2 : outputs },
        { batch: 40 },
      ),
    );
    t.true(difference.difference < 1e-5, `${difference.name}: ${difference.difference}`);
  });
}

test('one output gives the scores of two classes', (t) => {
  const close = (found: ArrayLike<number>, expected: readonly number[]): void => {
    t.is(found.length, expected.length);
    for (const [index, value] of expected.entries())
      t.true(Math.abs((found[index] ?? Number.NaN) - value) < 1e-6, `${found[index]} and ${value}`);
  };
  const logit = Math.log(3); // odds of 3 to 1
  const ofLogit = classScores(Float32Array.of(logit), { loss: { name: 'binaryCrossEntropy' }, width: 1, classes: 2 });
  t.true(ofLogit.fromLogits);
  close(probabilities(ofLogit.scores, true), [0.25, 0.75]);
  const ofProbability = classScores(Float32Array.of(0.3), {
    loss: { name: 'binaryCrossEntropy', fromLogits: false },
    width: 1,
    classes: 2,
  });
  t.false(ofProbability.fromLogits);
  close(probabilities(ofProbability.scores, false), [0.7, 0.3]);
  close(
    classScores(Float32Array.of(1.2, -0.1), { loss: { name: 'meanSquaredError' }, width: 1, classes: 2 }).scores,
    [0, 1, 1, 0],
  );
  const each = classScores(Float32Array.of(logit, 0, -logit), {
    loss: { name: 'binaryCrossEntropy' },
    width: 3,
    classes: 3,
  });
  t.false(each.fromLogits);
  close(each.scores, [0.75, 0.5, 0.25]);
  const softmax = classScores(Float32Array.of(0, logit), { loss: { name: 'crossEntropy' }, width: 2, classes: 2 });
  close(probabilities(softmax.scores, softmax.fromLogits), [0.25, 0.75]);
  t.throws(() => classScores(Float32Array.of(1), { loss: { name: 'meanSquaredError' }, width: 1, classes: 10 }), {
    instanceOf: ConvoyError,
    message: /an output for each of 10 classes but found one/,
  });
});

test('outputs that a loss can say nothing about are refused', (t) => {
  const refused: [LossSpec, number, number, RegExp][] = [
    [
      { name: 'crossEntropy' },
      1,
      2,
      /one output a class for crossEntropy.*binaryCrossEntropy takes one.* gives 1 for 2 classes/,
    ],
    [{ name: 'binaryCrossEntropy' }, 1, 10, /binaryCrossEntropy of more than two but .* gives 1 for 10 classes/],
    [{ name: 'crossEntropy' }, 3, 10, /one output a class but .* gives 3 for 10 classes/],
  ];
  for (const [loss, outputs, classes, message] of refused) {
    const model = single('linear', outputs);
    const error = t.throws(() => checkOutputs(model, { loss, targets: 'classes', classes }), {
      instanceOf: ConvoyError,
      message,
    });
    t.is(error?.code, 'CONVOY_MODEL');
    model.dispose();
  }
  for (const [loss, classes] of [
    [{ name: 'binaryCrossEntropy' }, 2],
    [{ name: 'meanSquaredError' }, 10],
  ] as const) {
    const model = single();
    t.notThrows(() => checkOutputs(model, { loss, targets: 'classes', classes }));
    model.dispose();
  }
});

test.serial('a network with one output is trained, evaluated and asked from the command line', async (t) => {
  const cwd = await mkdtemp(join(tmpdir(), 'convoy-outputs-'));
  t.teardown(() => rm(cwd, { recursive: true, force: true }));
  await writeImages(join(cwd, 'shades'), 40, 20);
  const layers = [{ type: 'globalAveragePooling2d' }, { type: 'dense', units: 1, activation: 'sigmoid' }];
  const config = {
    dataset: join(cwd, 'shades'),
    model: { name: 'custom', layers },
    loss: { name: 'binaryCrossEntropy' },
    optimizer: { name: 'adam' },
    learningRate: 0.2,
    epochs: 8,
    batchSize: 16,
    workers: 2,
  };
  await writeFile(join(cwd, 'net.json'), JSON.stringify(config));

  const trained = await convoy(['train', '--config', 'net.json', '--out', 'run', '--json'], { cwd });
  t.is(trained.code, 0, trained.stderr);
  const summary = JSON.parse(await readFile(join(cwd, 'run', 'summary.json'), 'utf8')) as {
    test: { accuracy: number };
  };
  process.env['CONVOY_CACHE'] = join(cwd, 'cache');
  const evaluated = await inProcess(['evaluate', join(cwd, 'run'), '--json']);
  t.is(evaluated.code, 0, evaluated.stderr);
  const [evaluation] = records(evaluated.stdout, 'evaluation') as { accuracy: number; confusion: number[][] }[];
  t.is(evaluation?.accuracy, summary.test.accuracy);
  // Means of the pixels are 80 and 140 give or take a few: the classes lie far apart.
  t.deepEqual(evaluation?.confusion, [
    [20, 0],
    [0, 20],
  ]);

  const [dark, light] = ['dark', 'light'].map((name) => join(cwd, 'shades/test', name, '000.png')) as [string, string];
  const asked = await inProcess(['predict', join(cwd, 'run'), dark, light, '--json']);
  t.is(asked.code, 0, asked.stderr);
  const predictions = records(asked.stdout, 'prediction') as { top: { class: string; share: number }[] }[];
  t.deepEqual(
    predictions.map(({ top }) => top[0]?.class),
    ['dark', 'light'],
  );
  for (const { top } of predictions) {
    t.is(top.length, 2);
    t.true(Math.abs(top.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-6);
  }
});
