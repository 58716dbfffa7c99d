import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { serveLiveRun } from '../../src/report/index.js';
import type { LiveStatus, RunReport } from '../../src/report/types.js';
import { Trainer } from '../../src/training/index.js';
import { tinyDatasets, tinyModel } from '../support/tiny.js';

test('the page of a run tells how far it is, shows its network, and stops it with a checkpoint', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'convoy-live-'));
  const run = join(folder, 'run');
  const stop = new AbortController();
  const live = await serveLiveRun({ run, port: 0, onStop: () => stop.abort() });
  t.teardown(async () => {
    await live.close();
    await rm(folder, { recursive: true, force: true });
  });
  const page = await (await fetch(live.url)).text();
  const [, token = ''] = /"token":"([^"]+)"/.exec(page) ?? [];
  const told: LiveStatus[] = [];
  const events = follow(live.url, async (status) => {
    told.push(status);
    // It has done an epoch: enough.
    if (status.epoch >= 2 && !stop.signal.aborted)
      await fetch(new URL('api/stop', live.url), { method: 'POST', headers: { 'x-convoy-token': token } });
    return status.state === 'training';
  });
  const training = new Trainer({
    config: { dataset: 'tiny', epochs: 100_000, batchSize: 4, workers: 1 },
    datasets: tinyDatasets(48, 12),
    model: tinyModel(),
    out: run,
    signal: stop.signal,
    watchers: [live.watcher],
  }).train();
  const error = await t.throwsAsync(training, { instanceOf: ConvoyError });
  t.is((error as ConvoyError).code, 'CONVOY_ABORTED');
  await events;
  t.true(existsSync(join(run, 'checkpoints', 'last.ckpt')));
  const last = told.at(-1);
  t.is(last?.state, 'failed');
  t.regex(last?.error ?? '', /^Stopped in epoch/);
  const during = told.find(({ load }) => load.length > 0);
  t.is(during?.epochs, 100_000);
  t.true((during?.load[0] ?? 0) > 0 && (during?.load[0] ?? 2) <= 1);
  const report = (await (await fetch(new URL('api/run?name=run', live.url))).json()) as RunReport;
  t.deepEqual(
    report.network?.layers.map(({ name }) => name),
    ['conv_input', 'conv', 'bn', 'relu', 'drop', 'flat', 'head'],
  );
  t.is(report.looks?.augmented?.labels.length, 8);
});

/** Reads events until a listener has enough. */
async function follow(url: string, listener: (status: LiveStatus) => Promise<boolean>): Promise<void> {
  const response = await fetch(new URL('api/events', url));
  let text = '';
  for await (const part of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += part;
    const events = text.split('\n\n');
    text = events.pop() ?? '';
    for (const event of events) {
      const [, data] = /^event: status\ndata: (.*)$/m.exec(event) ?? [];
      if (data !== undefined && !(await listener(JSON.parse(data) as LiveStatus))) return;
    }
  }
}
