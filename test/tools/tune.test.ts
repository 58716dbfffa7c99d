import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { resolveConfig } from '../../src/config/config.js';
import { availableCores } from '../../src/native/index.js';
import {
  ruleSettings,
  settleSettings,
  type TunedSettings,
  tunedFile,
  writeTunedSettings,
} from '../../src/runtime/tuned-settings.js';
import { type Duel, searchSettings, type Tried } from '../../src/tools/tune.js';

const cache = mkdtempSync(join(tmpdir(), 'convoy-tune-'));
process.env['CONVOY_CACHE'] = cache;
test.after.always(() => rmSync(cache, { recursive: true, force: true }));

const config = (input: object = {}) => resolveConfig({ where: '', input: { batchSize: 64, ...input } });

/** A machine whose speed is a formula of the settings. */
const machine =
  (speed: (settings: TunedSettings) => number): Duel =>
  async (best, other) => ({ best: speed(best), other: speed(other) });

const search = (
  cores: number,
  speed: (settings: TunedSettings) => number,
  more: { batchSize?: number; augments?: boolean; duels?: number } = {},
) => {
  const { batchSize = 256, augments = false, duels = 100 } = more;
  let left = duels;
  return searchSettings({ cores, batchSize, augments, duel: machine(speed), mayGoOn: () => left-- > 0 });
};

test('a machine that likes the rule keeps it', async (t) => {
  const { best, tried } = await search(4, ({ workers }) => 100 * workers);
  t.deepEqual(best, { workers: 4, shards: 4, intraOpThreads: 1 });
  t.deepEqual(tried[0], { settings: best, imagesPerSecond: 400, ratio: 1, kept: true });
  // 2 workers with 2 threads are half as quick here: a single one is not tried.
  t.false(tried.some(({ settings }) => settings.workers === 1));
});

test('fewer workers with more threads are found where they are quicker', async (t) => {
  const { best } = await search(8, ({ workers }) => (workers === 2 ? 130 : workers === 4 ? 110 : 100));
  t.deepEqual(best, { workers: 2, shards: 2, intraOpThreads: 4 });
});

test('one worker with threads inside ops only is found, though neither of the two alone is quicker', async (t) => {
  const speed = ({ workers, intraOpThreads, interOpThreads }: TunedSettings) =>
    workers === 1 && intraOpThreads === 2 && interOpThreads === 1
      ? 130
      : workers === 1 || interOpThreads === 1
        ? 95
        : 100;
  const { best } = await search(2, speed, { batchSize: 32 });
  t.deepEqual(best, { workers: 1, shards: 1, intraOpThreads: 2, interOpThreads: 1 });
});

test('more shards a worker, inter-op threads and augmentation workers are found one after the other', async (t) => {
  const speed = ({ shards, interOpThreads, augmentWorkers }: TunedSettings) =>
    100 * (shards === 4 ? 1.2 : 1) * (interOpThreads === 4 ? 1.1 : 1) * (augmentWorkers === 2 ? 1.5 : 1);
  const { best } = await search(2, speed, { augments: true });
  t.deepEqual(best, { workers: 2, shards: 4, intraOpThreads: 1, interOpThreads: 4, augmentWorkers: 2 });
  t.is((await search(2, speed)).best.augmentWorkers, undefined);
});

test('gains that may be noise change nothing', async (t) => {
  const { best } = await search(2, ({ shards }) => (shards === 4 ? 101.9 : 100));
  t.deepEqual(best, ruleSettings(2, 256));
});

test('a batch is never cut into more shards than it has samples', async (t) => {
  const { tried } = await search(4, () => 1, { batchSize: 6 });
  t.true(tried.every(({ settings }) => settings.shards <= 6));
  t.deepEqual(ruleSettings(4, 3), { workers: 4, shards: 3, intraOpThreads: 1 });
});

test('when time runs out the best so far is the answer', async (t) => {
  const { best, tried } = await search(2, ({ workers, shards }) => (workers === 1 ? 300 : 100) * shards, { duels: 1 });
  t.is(tried.length, 2);
  t.deepEqual(best, { workers: 1, shards: 1, intraOpThreads: 2 });
});

test('every comparison is told as it is made', async (t) => {
  const told: Tried[] = [];
  const { tried } = await searchSettings({
    cores: 2,
    batchSize: 8,
    augments: false,
    duel: machine(() => 1),
    mayGoOn: () => true,
    onTried: (one) => told.push(one),
  });
  t.deepEqual(told, tried);
});

test.serial('auto takes what was tuned for this model, batch and data, and nothing else', async (t) => {
  const rule = ruleSettings(availableCores(), 64);
  const asRule = {
    workers: rule.workers,
    shards: rule.shards,
    augmentWorkers: 'auto' as const,
    threads: {},
    tuned: false,
  };
  t.deepEqual(await settleSettings(config(), true), asRule);

  const found: TunedSettings = { workers: 3, shards: 6, intraOpThreads: 2, interOpThreads: 5, augmentWorkers: 2 };
  const file = await writeTunedSettings(config(), found, 123);
  t.is(file, tunedFile(config()));
  t.like(JSON.parse(readFileSync(file, 'utf8')), { imagesPerSecond: 123, settings: found, cores: availableCores() });

  const tuned = {
    workers: 3,
    shards: 6,
    augmentWorkers: 2,
    threads: { intraOpThreads: 2, interOpThreads: 5 },
    tuned: true,
  };
  t.deepEqual(await settleSettings(config(), true), tuned);
  t.deepEqual(await settleSettings(config({ seed: 9, epochs: 3 }), true), tuned, 'neither seed nor epochs matter');
  t.deepEqual(await settleSettings(config({ intraOpThreads: 1, shards: 2 }), true), {
    ...tuned,
    shards: 2,
    threads: { intraOpThreads: 1, interOpThreads: 5 },
  });
  t.deepEqual(await settleSettings(config(), false), asRule, 'a model made in code was not tuned');
  const more = availableCores() + 1;
  t.deepEqual(
    await settleSettings(config({ workers: more }), true),
    { ...asRule, workers: more, shards: more },
    'a number given stands',
  );
  const idle = { ...asRule, workers: 1, shards: 1, threads: { interOpThreads: availableCores() } };
  if (availableCores() > 1)
    t.deepEqual(await settleSettings(config({ workers: 1 }), true), idle, 'cores without a worker do ops');
  const own = { ...idle, threads: { interOpThreads: 1 } };
  t.deepEqual(await settleSettings(config({ workers: 1, interOpThreads: 1 }), true), own);
  for (const other of [
    { batchSize: 32 },
    { precision: 'bfloat16' },
    { dataset: 'mnist' },
    { model: { name: 'mlp' } },
  ]) {
    t.false((await settleSettings(config(other), true)).tuned, JSON.stringify(other));
  }
});

test.serial('a damaged file of settings is as if there were none', async (t) => {
  const file = await writeTunedSettings(config(), { workers: 3, shards: 3, intraOpThreads: 1 }, 1);
  writeFileSync(file, '{"settings":{"workers":0}}');
  t.false((await settleSettings(config(), true)).tuned);
  writeFileSync(file, '{');
  t.false((await settleSettings(config(), true)).tuned);
});

test.serial('more workers than a machine can use are told and not started; shards stay those asked for', async (t) => {
  const notes: string[] = [];
  const many = 4 * availableCores() + 3;
  const settings = await settleSettings(
    config({ workers: many, batchSize: 512 }),
    false,
    (note) => void notes.push(note),
  );
  t.is(settings.workers, 4 * availableCores());
  t.is(settings.shards, many);
  t.deepEqual(notes, [
    `${4 * availableCores()} workers instead of ${many}: this machine has ${availableCores()} cores; results stay the same`,
  ]);
  await settleSettings(config({ workers: 4 * availableCores() }), false, (note) => void notes.push(note));
  t.is(notes.length, 1);
});
