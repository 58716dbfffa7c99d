import { mkdtemp, readdir, rm, truncate, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { type LayersModel, tf } from '../../src/base/tf.js';
import { type ConfigInput, resolveConfig } from '../../src/config/config.js';
import { FrozenFeatures } from '../../src/features/index.js';
import { initialWeights } from '../../src/models/index.js';
import { loadNative } from '../../src/native/index.js';
import { checkpointWeights, readCheckpoint } from '../../src/run/checkpoint.js';
import { exportLayersModel } from '../../src/run/export-model.js';
import { openRuntime } from '../../src/runtime/runtime.js';
import type { TrainerOptions } from '../../src/training/options.js';
import { openRunRuntime } from '../../src/training/run-runtime.js';
import { Trainer } from '../../src/training/trainer.js';
import { splitFrozen } from '../../src/transfer/index.js';
import { asFiles, baseLayers, pixelStage } from '../support/frozen-base.js';
import { summaryOf } from '../support/summary.js';
import { tinyDatasets } from '../support/tiny-data.js';

const datasets = tinyDatasets();
let folder: string;
let config: ConfigInput;
test.before(async () => {
  await loadNative();
  folder = await mkdtemp(join(tmpdir(), 'convoy-'));
  config = {
    dataset: 'tiny',
    base: { name: await saved('base', baseLayers(0)) },
    head: '16,dropout:0.5',
    optimizer: { name: 'sgd', momentum: 0.9, weightDecay: 0.01 },
    learningRate: 0.1,
    batchSize: 16,
    shards: 2,
    workers: 1,
    epochs: 3,
  };
});
test.beforeEach(() => {
  process.env['CONVOY_CACHE'] = join(folder, 'cache');
});
test.after.always(() => rm(folder, { recursive: true, force: true }));

async function saved(name: string, model: LayersModel): Promise<string> {
  await exportLayersModel(model, initialWeights(model, 1), join(folder, name));
  return join(folder, name, 'model.json');
}

interface Told {
  readonly notes: string[];
  /** Whether batches of each phase hold features. */
  readonly cached: boolean[];
}

async function train(changes: ConfigInput, options: Partial<TrainerOptions> = {}) {
  const told: Told = { notes: [], cached: [] };
  const summary = await new Trainer({
    ...(options.resume === undefined ? { config: { ...config, ...changes } } : {}),
    datasets,
    onNote: (note) => void told.notes.push(note),
    onStart: ({ layout }) => void told.cached.push(layout.featureLength !== undefined),
    ...options,
  })
    .train()
    .then(summaryOf);
  return { ...summary, ...told };
}

async function lastWeights(run: string): Promise<Float32Array[]> {
  const file = join(run, 'checkpoints', 'last.ckpt');
  const runtime = await openRunRuntime({ run, datasets });
  try {
    return checkpointWeights(await readCheckpoint(file), runtime.model, file);
  } finally {
    await runtime.close();
  }
}

test.serial(
  'training on features of a frozen base is training with the base, to rounding; frozen weights stay to the bit',
  async (t) => {
    const whole = await train({ cacheFeatures: false }, { out: join(folder, 'whole') });
    const cached = await train({}, { out: join(folder, 'cached') });
    t.deepEqual([whole.cached, cached.cached], [[false], [true]]);
    t.regex(cached.notes.join(), /its 24 features of 62 images were computed once/); // (8 - 2 - 2) / 2 = 2; 2 * 2 * 6
    t.is(cached.parameters, whole.parameters);
    const [expected, found] = [await lastWeights(join(folder, 'whole')), await lastWeights(join(folder, 'cached'))];
    t.is(found.length, expected.length);
    const start = initialWeights(baseLayers(0), 1);
    found.forEach((values, index) => {
      if (index < 7) t.deepEqual(values, start[index], `frozen ${index}`); // kernel, batch norm's four, kernel and bias
      // Features are computed in other batches than training's, so their last bits may differ.
      values.forEach((value, place) =>
        t.true(Math.abs(value - (expected[index]?.[place] ?? NaN)) < 1e-5, `${index}[${place}]`),
      );
    });
    for (const split of ['train', 'test'] as const)
      t.true(Math.abs(cached[split].loss - whole[split].loss) < 1e-5, split);

    // The run is one of the whole model, for pixels.
    const runtime = await openRunRuntime({ run: join(folder, 'cached'), datasets });
    t.is(runtime.layout.featureLength, undefined);
    await runtime.close();
  },
);

test.serial(
  'features are read from the cache by a second run, and computed again where the file is damaged: the same bits',
  async (t) => {
    const cache = join(folder, 'second-cache');
    process.env['CONVOY_CACHE'] = cache;
    const first = await train({});
    const second = await train({ workers: 2 });
    t.regex(second.notes.join(), /were read from the cache/);
    const files = await readdir(join(cache, 'features'));
    t.is(files.length, 2, files.join());
    await truncate(join(cache, 'features', files[0] ?? ''), 100);
    const third = await train({ workers: 2 });
    t.regex(third.notes.join(), /were computed once \(\d+ read from the cache\)/);
    t.is(second.weightsSha256, first.weightsSha256);
    t.is(third.weightsSha256, first.weightsSha256);
    t.deepEqual(third.test, first.test);
  },
);

test.serial('files are decoded once; a file that has changed is another image', async (t) => {
  process.env['CONVOY_CACHE'] = join(folder, 'files-cache');
  const pixels = await train({ epochs: 1 });
  const filed = { train: await asFiles(datasets.train, folder), test: await asFiles(datasets.test, folder) };
  const first = await train({ epochs: 1 }, { datasets: filed });
  t.deepEqual([first.cached, first.weightsSha256], [[true], pixels.weightsSha256]);
  t.regex((await train({ epochs: 1 }, { datasets: filed })).notes.join(), /were read from the cache/);
  await utimes(join(folder, 'train', '7.png'), 1, 1);
  t.regex((await train({ epochs: 1 }, { datasets: filed })).notes.join(), /computed once \(12 read from the cache\)/);
});

test.serial('bfloat16 features go on in the type in which they were computed', async (t) => {
  const options: ConfigInput = { precision: 'bfloat16', forcePrecision: true, epochs: 1 };
  const [whole, cached] = [await train({ ...options, cacheFeatures: false }), await train(options)];
  t.deepEqual([whole.cached, cached.cached], [[false], [true]]);
  // Eight bits of a mantissa.
  t.true(Math.abs(cached.test.loss - whole.test.loss) < 2 ** -8, `${cached.test.loss} ${whole.test.loss}`);
});

test.serial(
  'nothing is cached where images or features change from epoch to epoch, or another engine trains',
  async (t) => {
    const random = await train({ epochs: 1, base: { name: await saved('random', baseLayers(0.25)) } });
    t.deepEqual(random.cached, [false]);
    t.regex(random.notes.join(), /frozen but its features are not kept: drop \(Dropout\) draws anew at every step/);
    const others: readonly ConfigInput[] = [
      { augment: [{ name: 'flip' }] },
      { mix: { mixup: 0.2 } },
      { freeze: 'until:conv' },
      { engine: 'eager' },
    ];
    for (const other of others) {
      const opening = { config: resolveConfig({ where: '', input: { ...config, ...other } }), datasets };
      const runtime = await openRuntime(opening, { cacheFeatures: true });
      t.is(runtime.layout.featureLength, undefined, JSON.stringify(other));
      t.is(await runtime.prepare(), 0);
      await runtime.close();
    }
  },
);

test.serial('dropout right before the head is part of the head', async (t) => {
  const model = baseLayers(0);
  const input = model.getLayer('flat').output as ReturnType<typeof tf.input>;
  const output = tf.layers
    .dense({ name: 'out', units: 3 })
    .apply(tf.layers.dropout({ name: 'last', rate: 0.5 }).apply(input));
  const name = await saved('dropout-last', tf.model({ inputs: model.inputs, outputs: output as typeof input }));
  const { head: _, ...rest } = config;
  const options = { ...rest, base: { name } };
  const results = [];
  for (const cacheFeatures of [false, true])
    results.push(await new Trainer({ config: { ...options, cacheFeatures }, datasets }).train().then(summaryOf));
  t.true(Math.abs((results[0]?.test.loss ?? 0) - (results[1]?.test.loss ?? 1)) < 1e-5, 'and draws the same masks');
});

test.serial(
  'only the phase that freezes everything uses features; a resume inside it or after it has the same bits',
  async (t) => {
    const { epochs: _, ...rest } = config;
    const phases: ConfigInput = {
      ...rest,
      phases: [{ epochs: 2 }, { epochs: 1, freeze: 'until:bn', learningRate: 0.01 }],
    };
    const told: boolean[] = [];
    const straight = await new Trainer({
      config: phases,
      datasets,
      onStart: ({ layout }) => void told.push(layout.featureLength !== undefined),
    })
      .train()
      .then(summaryOf);
    t.deepEqual(told, [true, false]);
    const run = join(folder, 'phases');
    const abort = new AbortController();
    const first = new Trainer({
      config: phases,
      datasets,
      out: run,
      signal: abort.signal,
      onBatch: ({ done, epoch }) => void (epoch === 2 && done === 32 && abort.abort()),
    });
    await t.throwsAsync(first.train().then(summaryOf), {
      instanceOf: ConvoyError,
      code: 'CONVOY_ABORTED',
      message: /epoch 2/,
    });
    const resumed = await train({}, { resume: run });
    t.deepEqual(resumed.cached, [true, false]);
    t.is(resumed.weightsSha256, straight.weightsSha256);
    t.deepEqual(resumed.test, straight.test);
  },
);

test.serial('an abort while features are computed leaves nothing half written, and a run to resume', async (t) => {
  const cache = join(folder, 'aborted-cache');
  process.env['CONVOY_CACHE'] = cache;
  const run = join(folder, 'aborted');
  const abort = new AbortController();
  const trainer = new Trainer({
    config,
    datasets,
    out: run,
    signal: abort.signal,
    onProgress: ({ what }) => void (what.startsWith('computing features of test') && abort.abort()),
  });
  await t.throwsAsync(trainer.train().then(summaryOf), {
    instanceOf: ConvoyError,
    code: 'CONVOY_ABORTED',
    message: /while features of test images were computed/,
  });
  t.is((await readdir(join(cache, 'features'))).length, 1, 'those of the training images');
  const resumed = await train({}, { resume: run });
  t.regex(resumed.notes.join(), /computed once \(50 read from the cache\)/);
  t.is(resumed.weightsSha256, (await train({})).weightsSha256);
});

test.serial('features that do not fit into memory are read batch by batch, the same', async (t) => {
  const opening = { config: resolveConfig({ where: '', input: config }), datasets };
  const runtime = await openRuntime(opening, { cacheFeatures: true });
  const cut = splitFrozen(runtime.model);
  if (cut === undefined || 'why' in cut) return t.fail('expected a frozen base');
  const { arena, layout, spec, coordinator, native, evaluationSlots: work } = runtime;
  try {
    const slots = [...Array(layout.slots).keys()].map(() => ({
      pixels: new Uint8Array(new SharedArrayBuffer(0)),
      labels: new Int32Array(new SharedArrayBuffer(64)),
      features: new Float32Array(new SharedArrayBuffer(16 * 24 * 4)),
    }));
    const rows: Float32Array[] = [];
    for (const memoryBytes of [undefined, 0]) {
      process.env['CONVOY_CACHE'] = join(folder, `cache-${memoryBytes}`);
      const features = new FrozenFeatures({
        arena,
        layout,
        spec,
        coordinator,
        slots,
        work,
        parts: cut.parts,
        native,
        memoryBytes,
        pixels: (dataset) => pixelStage(runtime, dataset),
      });
      await features.prepare(datasets);
      await features.prepare(datasets);
      const stage = features.stage(datasets.train);
      await stage.fill({ epoch: 0, position: 0, samples: Uint32Array.of(49, 3, 17), slot: 1 });
      rows.push(Float32Array.from(slots[1]?.features.subarray(0, 3 * 24) ?? []));
      t.deepEqual([...(slots[1]?.labels.subarray(0, 3) ?? [])], [1, 0, 2]);
      await stage.close();
      await features.close();
    }
    t.deepEqual(rows[1], rows[0]);
    t.true(rows[0]?.some((value) => value !== 0));
  } finally {
    await runtime.close();
  }
});
