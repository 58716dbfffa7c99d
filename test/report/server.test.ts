import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ConvoyError } from '../../src/base/errors.js';
import { Dashboard } from '../../src/report/serve/server.js';
import type { LiveStatus, RunReport } from '../../src/report/types.js';

let folder: string;
let dashboard: Dashboard;
let stops = 0;
/** Runs that scores were asked for, and how the computation ends. */
const asked: { readonly name: string; readonly end: (report: RunReport | Error) => void }[] = [];
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'convoy-dashboard-'));
  for (const name of ['a', 'deep/b']) {
    await mkdir(join(folder, name), { recursive: true });
    await writeFile(join(folder, name, 'config.json'), '{"epochs":3,"dataset":"shapes"}');
    await writeFile(join(folder, name, 'metrics.jsonl'), '{"epoch":1,"train":{"loss":1,"accuracy":0.5}}\n{"epoch":2,');
  }
  dashboard = new Dashboard({
    ...{ root: folder, version: '1', port: 0, onStop: () => (stops += 1) },
    gather: (_, name) =>
      new Promise((resolve, reject) => {
        const end = (report: RunReport | Error): void => (report instanceof Error ? reject(report) : resolve(report));
        asked.push({ name, end });
      }),
  });
  await dashboard.start();
});
test.after.always(async () => {
  await dashboard.close();
  await rm(folder, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** With headers that `fetch` does not let one set. */
function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const own = request(new URL(path, dashboard.url), { headers, method }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text, headers: response.headers }));
    });
    own.on('error', reject).end();
  });
}

test('runs are listed by their paths, half a line left out', async (t) => {
  const { text } = await ask('/api/runs');
  const runs = JSON.parse(text) as { name: string; history: unknown[]; state: string }[];
  t.deepEqual(
    runs.map(({ name, history, state }) => [name, history.length, state]),
    [
      ['a', 1, 'unfinished'],
      ['deep/b', 1, 'unfinished'],
    ],
  );
  t.is((JSON.parse((await ask('/api/run?name=deep%2Fb')).text) as { name: string }).name, 'deep/b');
});

test('nothing but runs is read', async (t) => {
  for (const name of ['../a', '/etc', 'deep', ''])
    t.is((await ask(`/api/run?name=${encodeURIComponent(name)}`)).status, 404);
  t.is((await ask('/config.json')).status, 404);
});

test('foreign hosts and origins are refused', async (t) => {
  const { host } = new URL(dashboard.url);
  t.is((await ask('/', { host: 'evil.example' })).status, 403);
  t.is((await ask('/', { host: `evil.example:${host.split(':')[1]}` })).status, 403);
  t.is((await ask('/api/runs', { origin: 'http://evil.example' })).status, 403);
  t.is((await ask('/api/runs', { origin: 'null' })).status, 403);
  t.is((await ask('/api/runs', { 'sec-fetch-site': 'cross-site' })).status, 403);
  t.is((await ask('/api/runs', { origin: `http://${host}` })).status, 200);
  t.is((await ask('/', { host: host.replace('127.0.0.1', 'localhost') })).status, 200);
});

test('only the page, which has the token, stops the run', async (t) => {
  t.is((await ask('/api/stop', {}, 'POST')).status, 403);
  t.is((await ask('/api/stop', { 'x-convoy-token': 'wrong' }, 'POST')).status, 403);
  t.is((await ask('/api/stop')).status, 404);
  t.is(stops, 0);
  const { text, headers } = await ask('/');
  t.is(headers['x-frame-options'], 'DENY');
  const [, token = ''] = /"token":"([^"]+)"/.exec(text) ?? [];
  t.is((await ask('/api/stop', { 'x-convoy-token': token, origin: 'http://evil.example' }, 'POST')).status, 403);
  t.is(stops, 0);
  t.is((await ask('/api/stop', { 'x-convoy-token': token }, 'POST')).status, 200);
  t.is(stops, 1);
});

test('scores are computed for the page alone, for one run at a time, and hold until its files change', async (t) => {
  const [, token = ''] = /"token":"([^"]+)"/.exec((await ask('/')).text) ?? [];
  const gather = (name: string, given = token): Promise<Answer> =>
    ask(`/api/gather?name=${name}`, { 'x-convoy-token': given }, 'POST');
  const run = async (name: string): Promise<RunReport> => JSON.parse((await ask(`/api/run?name=${name}`)).text);
  t.is((await gather('deep%2Fb', 'wrong')).status, 403);
  t.is((await gather('..%2Fa')).status, 404);
  t.is(asked.length, 0);
  t.is((await gather('deep%2Fb')).status, 200);
  t.true((await run('deep%2Fb')).gathering);
  t.is((await gather('a')).status, 409);
  const report = await run('deep%2Fb');
  asked[0]?.end({ ...report, gathering: false, classes: ['from the scores'] });
  while ((await run('deep%2Fb')).gathering === true) await new Promise(setImmediate);
  t.deepEqual((await run('deep%2Fb')).classes, ['from the scores']);
  await writeFile(join(folder, 'deep/b', 'summary.json'), '{"epochs":1}');
  t.deepEqual((await run('deep%2Fb')).classes, report.classes);
  await rm(join(folder, 'deep/b', 'summary.json'));
  await gather('a');
  asked[1]?.end(new Error('no data'));
  while ((await run('a')).gathering === true) await new Promise(setImmediate);
  t.deepEqual((await run('a')).notes, ['Without scores and pictures: no data']);
});

test('who listens is told the last status at once, and what changes', async (t) => {
  const status: LiveStatus = {
    state: 'training',
    phase: 'training',
    epoch: 1,
    epochs: 2,
    done: 1,
    total: 4,
    loss: 1,
    accuracy: 0,
    imagesPerSecond: 5,
    waiting: 0,
    load: [0.5],
  };
  dashboard.status(status);
  const text = await new Promise<string>((resolve, reject) => {
    let all = '';
    const own = request(new URL('/api/events', dashboard.url), (response) => {
      response.setEncoding('utf8').on('data', (part: string) => {
        all += part;
        if (all.includes('event: status') && !all.includes('event: change')) dashboard.add('a', { classes: ['x'] });
        if (!all.includes('event: change')) return;
        own.destroy();
        resolve(all);
      });
    });
    own.on('error', reject).end();
  });
  t.true(text.includes(`event: status\ndata: ${JSON.stringify(status)}`));
  t.true(text.includes('event: change\ndata: {"name":"a"}'));
  t.deepEqual((JSON.parse((await ask('/api/run?name=a')).text) as { classes: string[] }).classes, ['x']);
});

test('a port that is taken is refused by name', async (t) => {
  const port = Number(new URL(dashboard.url).port);
  await t.throwsAsync(new Dashboard({ root: folder, version: '1', port }).start(), {
    instanceOf: ConvoyError,
    message: /a port that no other program listens on for --port/,
  });
});
