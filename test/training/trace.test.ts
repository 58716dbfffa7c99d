import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { Trace } from '../../src/training/trace.js';
import { Trainer } from '../../src/training/trainer.js';
import { summaryOf } from '../support/summary.js';
import { tinyDatasets } from '../support/tiny-data.js';

interface Event {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur: number;
  readonly args: Readonly<Record<string, unknown>>;
}

const eventsOf = (trace: Trace): Event[] => (JSON.parse(JSON.stringify(trace)) as { traceEvents: Event[] }).traceEvents;

test('a step becomes consecutive spans of the main thread, and one for each shard on its worker', (t) => {
  const trace = new Trace();
  const now = performance.now();
  const origin = performance.timeOrigin;
  trace.step(7, now, now + 2, {
    gradients: 0.01,
    products: 0.004,
    allReduce: 0.003,
    optimizer: 0.001,
    replies: [
      { kind: 'done', thread: 5, started: origin + now + 3, ended: origin + now + 9 },
      { kind: 'done', thread: 4, started: origin + now + 3, ended: origin + now + 11 },
    ],
  });
  const events = eventsOf(trace);
  const spans = events.filter(({ ph }) => ph === 'X');
  const first = spans[0]?.ts ?? 0;
  // Times in microseconds: 2 ms of waiting, then 10, 4, 3 and 1 ms; the clock's offset is a float of 1e12, good to 0.25 ms / 1000.
  const seen = spans.map(({ name, tid, ts, dur }) => [name, tid, Math.round(ts - first), Math.round(dur)]);
  t.deepEqual(seen, [
    ['wait for data', 0, 0, 2000],
    ['gradients', 0, 2000, 10_000],
    ['dense gradients', 0, 12_000, 4000],
    ['all-reduce', 0, 16_000, 3000],
    ['optimizer', 0, 19_000, 1000],
    ['shard 0', 5, 3000, 6000],
    ['shard 1', 4, 3000, 8000],
  ]);
  t.deepEqual(
    events.filter(({ ph }) => ph === 'M').map(({ tid, args }) => [tid, args['name']]),
    [
      [0, 'main'],
      [4, 'worker 1'],
      [5, 'worker 2'],
    ],
  );
});

test('of a run that never began no timeline is written', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-trace-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const trace = new Trace();
  await trace.write(join(folder, 'trace.json'));
  t.deepEqual(await readdir(folder), []);
  trace.main('checkpoint', 0, 1);
  await trace.write(join(folder, 'trace.json'));
  t.deepEqual(await readdir(folder), ['trace.json']);
});

test('a run is traced from its first step to its last checkpoint, and the file is whole', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-trace-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const trace = new Trace();
  const config = { model: { name: 'mlp' }, epochs: 2, batchSize: 25, workers: 2 };
  await new Trainer({ config, datasets: tinyDatasets(), out: join(folder, 'run'), trace }).train().then(summaryOf);
  const file = join(folder, 'trace.json');
  await trace.write(file);
  const { traceEvents } = JSON.parse(await readFile(file, 'utf8')) as { traceEvents: Event[] };
  const count = (name: string) => traceEvents.filter((event) => event.name === name).length;
  // 50 samples in batches of 25 are 2 steps an epoch.
  for (const name of ['wait for data', 'gradients', 'all-reduce', 'optimizer', 'shard 0', 'shard 1'])
    t.is(count(name), 4, name);
  t.is(count('evaluation'), 2);
  t.true(count('checkpoint') >= 3, 'before the first step and after each epoch');
  t.true(traceEvents.every(({ ph, ts, dur }) => ph === 'M' || (ts >= 0 && dur >= 0)));
});

test('a timeline that cannot be written is refused with the name of its file', async (t) => {
  const trace = new Trace();
  trace.main('checkpoint', 0, 1);
  const error = await t.throwsAsync(trace.write('/no/such/folder/trace.json'));
  t.regex(error?.message ?? '', /\/no\/such\/folder\/trace\.json.*folder does not exist/);
});
