import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { type ConfigInput, resolveConfig } from '../../src/config/config.js';
import { createModel, initialWeights } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { exportLayersModel } from '../../src/run/export-model.js';
import type { TrainerOptions } from '../../src/training/options.js';
import { phaseAt } from '../../src/training/phases.js';
import { Trainer } from '../../src/training/trainer.js';
import { summaryOf } from '../support/summary.js';
import { tinyDatasets } from '../support/tiny-data.js';

const datasets = tinyDatasets();
let folder: string;
let config: ConfigInput;
test.before(async () => {
  await loadNative();
  folder = await mkdtemp(join(tmpdir(), 'convoy-'));
  const model = createModel('shapes-cnn', { height: 8, width: 8, channels: 1, classes: 5 });
  await exportLayersModel(model, initialWeights(model, 1), join(folder, 'base'));
  config = {
    dataset: 'tiny',
    base: { name: join(folder, 'base', 'model.json') },
    optimizer: { name: 'sgd', momentum: 0.9 },
    schedule: { name: 'cosine' },
    learningRate: 0.1,
    batchSize: 16,
    shards: 2,
    workers: 1,
    phases: [{ epochs: 1 }, { epochs: 2, freeze: 'none', learningRate: 0.01, schedule: { name: 'constant' } }],
  };
});
test.after.always(() => rm(folder, { recursive: true, force: true }));

const trainer = (options: Partial<TrainerOptions>) => new Trainer({ datasets, ...options });

test.serial(
  'phases train the head, then all at a low rate; a resume between or inside them has the same bits',
  async (t) => {
    const trainable: number[] = [];
    const learningRates: number[] = [];
    const straight = await trainer({
      config,
      onStart: ({ layout }) => void trainable.push(layout.parameters.filter((place) => place.trainable).length),
      callbacks: [{ name: 'rates', onStepEnd: ({ learningRate }) => void learningRates.push(learningRate) }],
    })
      .train()
      .then(summaryOf);
    t.is(straight.epochs, 3);
    t.is(trainable[0], 2, 'the kernel and bias of the new head');
    t.true((trainable[1] ?? 0) > 2);
    // 50 samples in batches of 16 are 4 steps: a cosine from 0.1 over the first phase alone, 0.1 (1 + cos(pi step / 4)) / 2.
    const cosine = [0, 1, 2, 3].map((step) => 0.05 * (1 + Math.cos((Math.PI * step) / 4)));
    const expected = [...cosine, ...Array<number>(8).fill(0.01)];
    t.is(learningRates.length, 12);
    learningRates.forEach((rate, step) =>
      t.true(Math.abs(rate - (expected[step] ?? 0)) < 1e-12, `step ${step}: ${rate}`),
    );

    const run = join(folder, 'run');
    for await (const { epoch } of trainer({ config, out: run }).run()) if (epoch === 1) break; // between the phases
    const abort = new AbortController();
    const inside = trainer({
      resume: run,
      signal: abort.signal,
      onBatch: ({ done }) => void (done === 32 && abort.abort()),
    });
    await t.throwsAsync(inside.train().then(summaryOf), {
      instanceOf: ConvoyError,
      code: 'CONVOY_ABORTED',
      message: /epoch 2/,
    });
    const resumed = await trainer({ resume: run }).train().then(summaryOf);
    t.is(resumed.weightsSha256, straight.weightsSha256);
    t.deepEqual(resumed.test, straight.test);
    const recorded: unknown = JSON.parse(await readFile(join(run, 'config.json'), 'utf8'));
    t.deepEqual(
      resolveConfig({ where: '', input: recorded }).phases,
      resolveConfig({ where: '', input: config }).phases,
    );
  },
);

test('an epoch belongs to the phase that holds it, with the rest of the configuration', (t) => {
  const resolved = resolveConfig({ where: '', input: config });
  t.is(resolved.epochs, 3);
  const of = (epoch: number) => {
    const { first, end, config: own } = phaseAt(resolved, epoch);
    return [first, end, own.freeze ?? 'base', own.learningRate, own.schedule.name];
  };
  t.deepEqual([0, 1, 2, 3].map(of), [
    [0, 1, 'base', 0.1, 'cosine'],
    [1, 3, 'none', 0.01, 'constant'],
    [1, 3, 'none', 0.01, 'constant'],
    [1, 3, 'none', 0.01, 'constant'],
  ]);
});

test('what phases do not go with is refused', (t) => {
  const wrong: readonly (readonly [ConfigInput, RegExp])[] = [
    [{ ...config, epochs: 7 }, /epochs excludes phases, which have 3 epochs/],
    [{ phases: [{ epochs: 1 }] }, /phases needs a base/],
    [{ ...config, optimizer: { name: 'sgd', ema: {} } }, /optimizer\.ema excludes phases/],
    [{ ...config, phases: [] }, /phases/],
  ];
  for (const [input, message] of wrong)
    t.throws(() => resolveConfig({ where: '', input }), { instanceOf: ConvoyError, message });
});
