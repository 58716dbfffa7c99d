import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { type LayersModel, tf } from '../../src/base/tf.js';
import { type EpochRecord, earlyStopping } from '../../src/callbacks/index.js';
import type { ConfigInput } from '../../src/config/config.js';
import { loadNative } from '../../src/native/index.js';
import { readCheckpoint } from '../../src/run/checkpoint.js';
import { Trainer } from '../../src/training/trainer.js';
import { summaryOf } from '../support/summary.js';
import { tinyDatasets, tinyModel } from '../support/tiny.js';

test.before(async () => {
  await loadNative(); // models are made on its backend
});

async function folder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'convoy-checkpoint-'));
}

const base: ConfigInput = {
  dataset: 'tiny',
  model: { name: 'tiny' },
  optimizer: { name: 'adam' },
  epochs: 1,
  batchSize: 25,
  shards: 1,
  workers: 1,
};

function wide(units: number): LayersModel {
  return tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [8, 8, 1] }),
      tf.layers.dense({ name: 'hidden', units }),
      tf.layers.dense({ name: 'head', units: 3 }),
    ],
  });
}

test.serial('a run is not resumed with another model, optimizer or data, and says what differs', async (t) => {
  const parent = await folder();
  const run = join(parent, 'run');
  const file = join(run, 'checkpoints', 'last.ckpt');
  await new Trainer({ config: base, datasets: tinyDatasets(), model: wide(4), out: run }).train().then(summaryOf);
  const config = await readFile(join(run, 'config.json'), 'utf8');
  const before = await readFile(file);

  const resume = (options: { model?: LayersModel; samples?: number } = {}) =>
    new Trainer({
      resume: run,
      config: { epochs: 2 },
      datasets: tinyDatasets(options.samples ?? 50),
      model: options.model ?? wide(4),
    })
      .train()
      .then(summaryOf);
  const refused = async (what: Promise<unknown>, expected: RegExp): Promise<void> => {
    const error = await t.throwsAsync(what, { instanceOf: ConvoyError });
    t.is(error?.code, 'CONVOY_CHECKPOINT');
    t.regex(error?.message ?? '', expected);
    t.deepEqual(await readFile(file), before, 'the checkpoint is as it was');
  };
  await refused(
    resume({ model: tinyModel() }),
    /last\.ckpt: weights: expected the weights of this model but found missing: conv\/kernel, .*; unexpected: hidden\/kernel, hidden\/bias/,
  );
  await refused(resume({ model: wide(5) }), /last\.ckpt: hidden\/kernel: expected 1280 bytes but found 1024$/);
  await refused(
    resume({ samples: 49 }),
    /last\.ckpt: fingerprint: expected the training data of the run \(tiny-train-5\.\.\.\) but found other data/,
  );

  const other = {
    ...(JSON.parse(config) as ConfigInput),
    optimizer: { name: 'rmsprop' as const, momentum: 0.9, centered: true },
  };
  await writeFile(join(run, 'config.json'), JSON.stringify(other));
  await refused(resume(), /config\.json: optimizer: expected .* as in .*last\.ckpt but found /);
  await writeFile(join(run, 'config.json'), config.slice(0, 40));
  await refused(resume(), /config\.json: expected JSON but found /);
  await writeFile(join(run, 'config.json'), config);
  const resumed = await resume();
  t.is(resumed.epochs, 2, 'and with its own it goes on');
  await rm(parent, { recursive: true });
});

test.serial('what a killed process left half written is removed when its run is resumed', async (t) => {
  const parent = await folder();
  const run = join(parent, 'run');
  const datasets = tinyDatasets();
  await new Trainer({ config: base, datasets, model: wide(4), out: run }).train().then(summaryOf);
  const part = join(run, 'checkpoints', 'last.ckpt.0a1b2c3d.part');
  await writeFile(part, 'CONVOYCK');
  await new Trainer({ resume: run, config: { epochs: 2 }, datasets, model: wide(4) }).train().then(summaryOf);
  t.deepEqual((await readdir(join(run, 'checkpoints'))).sort(), ['best.ckpt', 'last.ckpt']);
  await rm(parent, { recursive: true });
});

test.serial('one alone keeps the best weights: a callback that does so, else the trainer by accuracy', async (t) => {
  const parent = await folder();
  for (const own of [true, false]) {
    const out = join(parent, own ? 'own' : 'trainer');
    const config: ConfigInput = { ...base, learningRate: 0.01, epochs: 5 };
    // What it calls best is the largest loss: an early epoch, where the trainer's is a late one.
    const callbacks = own
      ? [earlyStopping({ patience: 5, monitor: 'train.loss', mode: 'max', restoreBest: true })]
      : [];
    const epochs: EpochRecord[] = [];
    for await (const epoch of new Trainer({ config, datasets: tinyDatasets(), model: wide(4), out, callbacks }).run())
      epochs.push(epoch);
    const first = (values: readonly number[]): number => epochs[values.indexOf(Math.max(...values))]?.steps ?? -1;
    const byLoss = first(epochs.map(({ train }) => train.loss));
    const byAccuracy = first(epochs.map(({ test: tested }) => tested?.accuracy ?? 0));
    t.not(byLoss, byAccuracy, 'they do not agree on the best epoch');
    t.is((await readCheckpoint(join(out, 'checkpoints', 'best.ckpt'))).step, own ? byLoss : byAccuracy);
  }
  await rm(parent, { recursive: true });
});

test.serial('the model a run saves gives the outputs of its weights, in tfjs itself', async (t) => {
  const parent = await folder();
  const run = join(parent, 'run');
  await new Trainer({ config: base, datasets: tinyDatasets(), model: wide(4), out: run }).train().then(summaryOf);
  const manifest = JSON.parse(await readFile(join(run, 'model', 'model.json'), 'utf8')) as {
    modelTopology: object;
    weightsManifest: { weights: { name: string; shape: number[]; dtype: 'float32' }[] }[];
  };
  const bytes = await readFile(join(run, 'model', 'weights.bin'));
  const loaded = await tf.loadLayersModel(
    tf.io.fromMemory({
      modelTopology: manifest.modelTopology,
      weightSpecs: manifest.weightsManifest[0]?.weights ?? [],
      weightData: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength),
    }),
  );
  const kept = await readCheckpoint(join(run, 'checkpoints', 'last.ckpt'));
  const weights = loaded.getWeights().map((tensor) => Buffer.from((tensor.dataSync() as Float32Array).slice().buffer));
  t.deepEqual(
    weights,
    kept.weights.map(({ data }) => Buffer.from(data)),
  );
  loaded.dispose();
  await rm(parent, { recursive: true });
});
