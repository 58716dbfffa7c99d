import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ConvoyError, type ErrorCode } from '../../src/base/errors.js';
import { plotRuns } from '../../src/tools/plot-runs.js';

let folder: string;
test.before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'convoy-plot-'));
});
test.after.always(() => rm(folder, { recursive: true, force: true }));

/** A run folder with what plots read. */
async function makeRun(name: string, epochs: number, metrics: string): Promise<string> {
  const run = join(folder, name);
  await mkdir(run, { recursive: true });
  await writeFile(join(run, 'config.json'), JSON.stringify({ epochs }));
  if (metrics !== '') await writeFile(join(run, 'metrics.jsonl'), metrics);
  return run;
}

const line = (epoch: number, test = true): string => {
  const scores = { loss: 0.7 / epoch, accuracy: 1 - 1 / (1 + epoch) };
  return `${JSON.stringify({ epoch, learningRate: 0.1, train: scores, ...(test ? { test: scores } : {}) })}\n`;
};

const textsOf = async (file: string): Promise<string[]> =>
  [...(await readFile(file, 'utf8')).matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1] ?? '');

test('the curves of one run go into its folder', async (t) => {
  const run = await makeRun('whole', 2, line(1) + line(2));
  const file = await plotRuns({ runs: [run] });
  t.is(file, join(run, 'curves.svg'));
  const texts = await textsOf(file);
  t.true(texts.includes('Learning curves of whole'), texts.join());
  t.true(texts.includes('test'));
});

test('a run that broke off says so, and its half written last line is passed over', async (t) => {
  const run = await makeRun('broken', 9, `${line(1) + line(2)}{"epoch": 3, "lo`);
  const texts = await textsOf(await plotRuns({ runs: [run] }));
  t.true(texts.includes('Learning curves of broken (2 of 9 epochs)'), texts.join());
});

test('a run without evaluation, and one with a single epoch, have their curves', async (t) => {
  const run = await makeRun('bare', 1, line(1, false));
  const texts = await textsOf(await plotRuns({ runs: [run] }));
  t.true(texts.includes('train'));
  t.false(texts.includes('test'));
  t.true(texts.filter((text) => text === '1').length >= 2, 'the only epoch is named under both plots');
  t.false(texts.includes('2'), 'and no other is');
});

test('runs are named by the ends of their paths, as far as these differ', async (t) => {
  const runs = [await makeRun('a/run', 1, line(1)), await makeRun('b/run', 1, line(1))];
  const file = await plotRuns({ runs: [...runs, runs[0] ?? ''], file: join(folder, 'both.svg') });
  const texts = await textsOf(file);
  t.is(texts.filter((text) => text === 'a/run').length, 1, 'a run that is given twice is drawn once');
  t.true(texts.includes('b/run'));
});

test('a folder without a run, without an epoch or with a damaged line is refused by name', async (t) => {
  const none = await makeRun('none', 3, '');
  const damaged = await makeRun('damaged', 3, `${line(1)}{oops}\n${line(3)}`);
  const cases: readonly (readonly [string[], ErrorCode, RegExp])[] = [
    [[join(folder, 'nowhere')], 'CONVOY_CHECKPOINT', /nowhere: expected a run folder .* but found no such folder/],
    [[none], 'CONVOY_CHECKPOINT', /none: metrics\.jsonl: expected an epoch or more but found none/],
    [[damaged], 'CONVOY_CHECKPOINT', /damaged.metrics\.jsonl: line 2: expected JSON/],
    [[], 'CONVOY_OPTION', /a run folder or several/],
  ];
  for (const [runs, code, message] of cases) {
    const error = await t.throwsAsync(plotRuns({ runs }), { instanceOf: ConvoyError, message });
    t.is(error?.code, code);
  }
});
