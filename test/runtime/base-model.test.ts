import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { type ConfigInput, resolveConfig } from '../../src/config/config.js';
import { readWeights } from '../../src/coordinator/run-memory.js';
import { createModel, initialWeights, modelParameters } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { checkpointWeights, readCheckpoint } from '../../src/run/checkpoint.js';
import { exportLayersModel } from '../../src/run/export-model.js';
import type { TrainSummary } from '../../src/run/index.js';
import { openModel } from '../../src/runtime/base-model.js';
import type { TrainerOptions } from '../../src/training/options.js';
import { openRunRuntime } from '../../src/training/run-runtime.js';
import { Trainer } from '../../src/training/trainer.js';
import { writeSafetensors } from '../../src/weights/index.js';
import { summaryOf } from '../support/summary.js';
import { tinyDatasets } from '../support/tiny-data.js';

const shape = { height: 8, width: 8, channels: 1, classes: 3 };
const datasets = tinyDatasets();
const base: ConfigInput = { dataset: 'tiny', epochs: 2, batchSize: 16, workers: 1, shards: 2, learningRate: 0.05 };

let folder: string;
test.before(async () => {
  await loadNative();
  folder = await mkdtemp(join(tmpdir(), 'convoy-'));
});
test.after.always(() => rm(folder, { recursive: true, force: true }));

function train(config: ConfigInput, options: Partial<TrainerOptions> = {}): Promise<TrainSummary> {
  return new Trainer({ config: { ...base, ...config }, datasets, ...options }).train().then(summaryOf);
}

const open = (config: ConfigInput) =>
  openModel({ config: resolveConfig({ where: '', input: { ...base, ...config } }) }, datasets.train);

test.serial(
  'a run is the base of another: its frozen weights stay to the bit; resume and openRunRuntime need no base any more',
  async (t) => {
    const first = join(folder, 'first');
    const run = join(folder, 'second');
    await train({ model: { name: 'shapes-cnn' }, normalize: { mean: [0.3], std: [0.2] } }, { out: first });
    const file = join(first, 'checkpoints', 'best.ckpt');
    const model = createModel('shapes-cnn', shape);
    const kept = checkpointWeights(await readCheckpoint(file), model, file);
    const names = modelParameters(model).map(({ spec }) => spec.name);
    const config: ConfigInput = { base: { name: first }, weights: 'best', head: '8,dropout:0.5' };
    const opened = await open(config);
    const isHead = ({ spec }: (typeof parameters)[number]): boolean => spec.layer.startsWith('head');
    const parameters = modelParameters(opened.model);
    parameters.forEach((parameter, index) => {
      t.is(parameter.spec.trainable, isHead(parameter));
      if (!isHead(parameter))
        t.deepEqual(opened.weights[index], kept[names.indexOf(parameter.spec.name)], parameter.spec.name);
    });
    const straight = await train({ ...config, epochs: 3 });
    await train(config, { out: run });
    const recorded = JSON.parse(await readFile(join(run, 'config.json'), 'utf8')) as Record<string, unknown>;
    const { mean, std } = recorded['normalize'] as { mean: number[]; std: number[] };
    t.true(Math.abs((mean[0] ?? 0) - 0.3) + Math.abs((std[0] ?? 0) - 0.2) < 1e-12, 'pixels as the base had them');
    await rm(first, { recursive: true });

    const resumed = await new Trainer({ resume: run, config: { epochs: 3 }, datasets }).train().then(summaryOf);
    t.is(resumed.weightsSha256, straight.weightsSha256);
    const runtime = await openRunRuntime({ run, datasets });
    readWeights(runtime.arena, runtime.layout).forEach((values, index) => {
      t.is(
        isDeepStrictEqual(Float32Array.from(values), opened.weights[index]),
        !runtime.layout.parameters[index]?.trainable,
      );
    });
    t.deepEqual(
      runtime.model.layers.slice(-3).map(({ name }) => name),
      ['head_dense_1', 'head_dropout_2', 'head'],
    );
    await runtime.close();
  },
);

test.serial('a network by name begins with the weights of a file; as a base, with all but its head', async (t) => {
  const model = createModel('shapes-cnn', { ...shape, classes: 5 });
  const weights = initialWeights(model, 7);
  const file = join(folder, 'shapes-cnn.safetensors');
  const tensors = modelParameters(model).map(({ spec }, index) => ({
    name: spec.name,
    shape: [...spec.shape],
    data: weights[index] ?? new Float32Array(),
  }));
  await writeSafetensors(file, tensors);
  const based = await open({ base: { name: 'shapes-cnn' }, weights: file });
  t.deepEqual(based.weights.slice(0, -2), weights.slice(0, -2));
  t.deepEqual(
    modelParameters(based.model).map(({ spec }) => spec.trainable),
    weights.map((_, index) => index >= weights.length - 2),
  );
  // The file's head has five classes, the data three.
  const error = await t.throwsAsync(open({ model: { name: 'shapes-cnn' }, weights: file }), {
    instanceOf: ConvoyError,
    code: 'CONVOY_WEIGHTS',
  });
  t.regex(error.message, /misshapen/);
});

test.serial('a model file brings its weights, and must fit the data unless it is a base', async (t) => {
  for (const classes of [3, 4]) {
    const model = createModel('shapes-cnn', { ...shape, classes });
    const weights = initialWeights(model, 7);
    const saved = join(folder, `saved-${classes}`);
    await exportLayersModel(model, weights, saved);
    const name = join(saved, 'model.json');
    if (classes === 3) {
      t.deepEqual((await open({ model: { name } })).weights, weights);
    } else {
      const error = await t.throwsAsync(open({ model: { name } }), { instanceOf: ConvoyError, code: 'CONVOY_MODEL' });
      t.regex(
        error.message,
        /Expected 4 classes, which .* tells apart, but .* has 3 \(give the last layer 3 units, or let --base put a new head/,
      );
      t.deepEqual((await open({ base: { name } })).weights.slice(0, -2), weights.slice(0, -2));
    }
  }
});

test.serial('a network described in a JSON file is built for the data', async (t) => {
  const name = join(folder, 'network.json');
  const layers = [
    { type: 'conv2d', filters: 4, kernelSize: 3, activation: 'relu' },
    { type: 'flatten' },
    { type: 'dense', units: 'classes' },
  ];
  await writeFile(name, JSON.stringify({ layers }));
  const { model } = await open({ model: { name } });
  t.deepEqual(
    modelParameters(model).map(({ spec }) => spec.shape),
    [[3, 3, 1, 4], [4], [6 * 6 * 4, 3], [3]],
  );
});

test.serial('the average of the weights is what is evaluated and exported; a resume has the same bits', async (t) => {
  const config: ConfigInput = { model: { name: 'shapes-cnn' }, optimizer: { name: 'sgd', ema: { decay: 0.9 } } };
  const raw: Float32Array[] = [];
  const run = join(folder, 'ema');
  const straight = await train(config, {
    out: run,
    callbacks: [
      { name: 'spy', onTrainEnd: () => void raw.push(...current().map((values) => Float32Array.from(values))) },
    ],
    onStart: ({ arena, layout }) => void (current = () => readWeights(arena, layout)),
  });
  const message = await readCheckpoint(join(run, 'checkpoints', 'last.ckpt'));
  const opened = await openRunRuntime({ run, datasets });
  const averaged = readWeights(opened.arena, opened.layout).map((values) => Float32Array.from(values));
  t.deepEqual(averaged, checkpointWeights(message, opened.model, run));
  t.notDeepEqual(averaged, raw);
  const bytes = averaged.map((values) => new Uint8Array(values.buffer));
  t.is(straight.weightsSha256, createHash('sha256').update(Buffer.concat(bytes)).digest('hex'));
  const exported = await open({ model: { name: join(run, 'model', 'model.json') } });
  t.deepEqual(
    exported.weights.map((values) => Float32Array.from(values)),
    averaged,
  );
  await opened.close();
  t.deepEqual(
    message.weights.map(({ data }) => new Float32Array(Uint8Array.from(data).buffer)),
    raw,
    'the checkpoint goes on from the trained ones',
  );

  const half = join(folder, 'ema-half');
  await train({ ...config, epochs: 1 }, { out: half });
  const resumed = await new Trainer({ resume: half, config: { epochs: 2 }, datasets }).train().then(summaryOf);
  t.is(resumed.weightsSha256, straight.weightsSha256);
  t.deepEqual(resumed.test, straight.test);
});
let current: () => Float32Array[] = () => [];

test('what does not go together is refused with the reason', async (t) => {
  const cases: readonly (readonly [ConfigInput, RegExp])[] = [
    [{ freeze: 'base' }, /freeze needs a base/],
    [{ head: '16' }, /head needs a base/],
    [{ model: { name: 'mlp' }, base: { name: 'shapes-cnn' } }, /model excludes base/],
    [{ base: { name: 'shapes-cnn' } }, /--base shapes-cnn needs --weights imagenet or a weights file/],
    [
      { model: { name: 'shapes-cnn' }, weights: 'imagenet' },
      /--weights imagenet needs a base: --base shapes-cnn instead of --model shapes-cnn/,
    ],
    [
      { base: { name: 'no-such-thing' }, weights: 'imagenet' },
      /the name of a network, or the path of a run folder or model file, for --base but received "no-such-thing"|one of .*resnet50/,
    ],
    [
      { base: { name: 'mlp' }, weights: 'imagenet' },
      /one of vgg16, .* for --base with --weights imagenet but received "mlp"/,
    ],
    [
      { engine: 'eager', precision: 'bfloat16', forcePrecision: true },
      /--precision bfloat16 needs the compiled engine; use --precision float32/,
    ],
  ];
  for (const [config, message] of cases) await t.throwsAsync(train(config), { instanceOf: ConvoyError, message });
});

test('a base replaces a weaker model, a model a weaker base', (t) => {
  const layers = (...inputs: ConfigInput[]) => resolveConfig(...inputs.map((input) => ({ where: '', input })));
  const based = layers({ model: { name: 'mlp' } }, { base: { name: 'shapes-cnn' }, weights: 'w', head: '8' });
  t.deepEqual(based.model, { name: 'shapes-cnn' });
  t.deepEqual(layers(JSON.parse(JSON.stringify(based)) as ConfigInput), based, 'and reads back as itself');
  const plain = layers({ base: { name: 'shapes-cnn' }, weights: 'w', head: '8' }, { model: { name: 'mlp' } });
  t.is(plain.base ?? plain.head ?? plain.weights, undefined);
});

test.serial('one output is for two classes alone', async (t) => {
  const { train: three } = datasets;
  const two = { ...three, classes: ['low', 'high'] };
  const openFor = (dataset: typeof three, input: ConfigInput) =>
    openModel({ config: resolveConfig({ where: '', input: { ...base, outputs: 1, ...input } }) }, dataset);
  const { model } = await openFor(two, { model: { name: 'shapes-cnn' } });
  t.deepEqual(model.outputs[0]?.shape, [null, 1]);
  model.dispose();
  const error = await t.throwsAsync(openFor(three, { model: { name: 'shapes-cnn' } }), { instanceOf: ConvoyError });
  t.is(error?.message, '--outputs 1 needs two classes, as --classes cat,dog; tiny has 3 classes');
});
