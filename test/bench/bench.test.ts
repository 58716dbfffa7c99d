import { readFileSync } from 'node:fs';
import test from 'ava';
import {
  insertResults,
  newest,
  reportedBlocks,
  resultMarkdown,
  resultSummary,
  resultsPage,
} from '../../bench/harness/report.js';
import { atLeast, atMost, type BenchResult, processorName, readResults } from '../../bench/harness/result.js';
import { fitScalability, projectThroughput } from '../../bench/harness/scalability.js';
import { median, summarize } from '../../bench/harness/statistics.js';
import { benches } from '../../bench/suite/index.js';
import { workerCounts } from '../../bench/suite/scaling.js';

const result: BenchResult = {
  bench: 'step',
  title: 'Steps',
  command: 'npm run bench -- step',
  date: '2026-01-02',
  machine: {
    cpu: 'a processor',
    cores: 2,
    memoryGiB: 8,
    system: 'Linux',
    node: '22.1.0',
    libraries: { tensorflow: '2.21.0' },
    commit: 'abc',
  },
  tables: [
    {
      title: 'Images/s',
      columns: ['network', 'median', 'share'],
      rows: [
        ['cnn', 12345.6, 0.98765],
        ['mlp', 999, null],
      ],
    },
  ],
  charts: [
    {
      file: 'steps',
      kind: 'bars',
      options: { title: 'Speed', valueName: 'images/s', categories: ['a'], series: [{ name: 's', values: [1] }] },
    },
  ],
  claims: [atLeast('twice as fast', 2, 1.5), atMost('overhead', 0.07, 0.05)],
  notes: ['a note'],
};

test('medians and ranges are those of the sorted values', (t) => {
  t.is(median([3, 1, 2]), 2);
  t.is(median([4, 1, 3, 2]), 2.5);
  t.deepEqual(summarize([5, 1, 9]), { median: 5, lowest: 1, highest: 9, rounds: 3 });
});

test('a claim holds on its own side of the bound, the bound included', (t) => {
  t.true(atLeast('', 2, 2).passed);
  t.false(atLeast('', 2, 1.99).passed);
  t.true(atMost('', 2, 2).passed);
  t.false(atMost('', 2, 2.01).passed);
  t.false(atLeast('', 2, Number.NaN).passed);
});

test('a result becomes claims, tables, charts, notes and the machine in Markdown', (t) => {
  t.is(
    resultMarkdown(result),
    [
      '| claim | measured | needed | holds |',
      '| --- | ---: | ---: | --- |',
      '| twice as fast | 1.5 | at least 2 | **no** |',
      '| overhead | 0.05 | at most 0.07 | yes |',
      '',
      'Images/s',
      '',
      '| network | median | share |',
      '| --- | ---: | ---: |',
      '| cnn | 12,346 | 0.988 |',
      '| mlp | 999 | - |',
      '',
      '![Speed](docs/steps.svg)',
      '',
      '- a note',
      '',
      '2026-01-02, `npm run bench -- step`: 2 cores of a processor, 8 GiB, Linux; Node 22.1.0, tensorflow 2.21.0; commit abc.',
    ].join('\n'),
  );
});

test('in short, a result has its claims; without claims its tables', (t) => {
  const lines = resultMarkdown(result).split('\n');
  t.is(resultSummary(result), [...lines.slice(0, 5), lines.at(-1)].join('\n'));
  const figures = { ...result, claims: [], charts: [] };
  t.is(resultSummary(figures), resultMarkdown(figures));
});

test('results replace what a page holds between their markers, and nothing else', (t) => {
  const page =
    'before\n<!-- bench:step -->\nold\nlines\n<!-- /bench -->\nbetween\n<!-- bench:other -->\nkept\n<!-- /bench -->\nafter\n';
  const inserted = insertResults(page, [result]);
  t.is(
    inserted,
    `before\n<!-- bench:step -->\n${resultSummary(result)}\n<!-- /bench -->\nbetween\n<!-- bench:other -->\nkept\n<!-- /bench -->\nafter\n`,
  );
  t.is(insertResults(inserted, [result]), inserted);
  t.deepEqual([...reportedBlocks(inserted).keys()], ['step', 'other']);
  t.is(
    insertResults('<!-- bench:step -->\n<!-- /bench -->', [result]),
    `<!-- bench:step -->\n${resultSummary(result)}\n<!-- /bench -->`,
  );
});

test("the README's figures, and those of docs/, are those of the newest results", (t) => {
  const page = (name: string) => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8');
  const results = readResults();
  for (const [name, text] of [...reportedBlocks(page('README.md')), ...reportedBlocks(page('docs/networks.md'))]) {
    const found = results.find(({ bench }) => bench === name);
    // Nothing measured, nothing claimed: an empty place is right then.
    t.is(text, found === undefined ? '' : resultSummary(found), `${name}: npm run bench -- report`);
  }
  const order = benches.map(({ name }) => name);
  if (results.length > 0) t.is(page('docs/benchmarks.md'), resultsPage(results, order), 'npm run bench -- report');
});

test('results of several processors: the newest is the one that pages show, the others are folded below it, without charts', (t) => {
  const older = {
    ...result,
    date: '2025-12-31',
    machine: { ...result.machine, cpu: 'Other(R) Cpu(TM) 7 Processor @ 2 GHz' },
  };
  const results = [result, older];
  t.deepEqual(newest(results), [result]);
  t.true(insertResults('<!-- bench:step -->\n<!-- /bench -->', results).includes('2 cores of a processor'));
  const [, second = ''] = resultsPage(results, ['step']).split('<details><summary>');
  t.true(second.startsWith('Other(R)'));
  t.false(second.includes('.svg'));
  t.is(processorName(older.machine), 'other-7');
});

// X(1) = 100, s = 0.05, k = 0.01: X(2) = 200 / (1 + 0.05 + 0.02), X(4) = 400 / (1 + 0.15 + 0.12), X(8) = 800 / (1 + 0.35 + 0.56).
test('the Universal Scalability Law is found again from its own values', (t) => {
  const fit = fitScalability([
    [1, 100],
    [2, 200 / 1.07],
    [4, 400 / 1.27],
    [8, 800 / 1.91],
  ]);
  t.is(fit.single, 100);
  t.true(Math.abs(fit.contention - 0.05) < 1e-9);
  t.true(Math.abs((fit.coherency ?? 0) - 0.01) < 1e-9);
  t.true(Math.abs(projectThroughput(fit, 16) - 1600 / (1 + 0.75 + 2.4)) < 1e-6);
});

test('two measurements fit contention alone; better than linear is no contention', (t) => {
  // 2 workers at 180 of 200: 2 * 100 / 180 - 1 = 1/9.
  const fit = fitScalability([
    [1, 100],
    [2, 180],
  ]);
  t.true(Math.abs(fit.contention - 1 / 9) < 1e-12);
  t.is(fit.coherency, undefined);
  t.true(Math.abs(projectThroughput(fit, 2) - 180) < 1e-9);
  t.is(
    fitScalability([
      [1, 100],
      [2, 210],
    ]).contention,
    0,
  );
});

test('no parameter of the fit is negative', (t) => {
  // Throughput that keeps rising faster at the end: a free fit would give a negative coherency.
  const rising = fitScalability([
    [1, 100],
    [2, 150],
    [4, 380],
  ]);
  t.is(rising.coherency, 0);
  t.true(rising.contention >= 0);
  // Perfect at 2 and falling at 4: a free fit would give a negative contention.
  const falling = fitScalability([
    [1, 100],
    [2, 200],
    [4, 200],
  ]);
  t.is(falling.contention, 0);
  t.true((falling.coherency ?? 0) > 0);
});

test('workers double up to the number of cores, which is always measured', (t) => {
  t.deepEqual(workerCounts(1), [1]);
  t.deepEqual(workerCounts(2), [1, 2]);
  t.deepEqual(workerCounts(6), [1, 2, 4, 6]);
  t.deepEqual(workerCounts(8), [1, 2, 4, 8]);
});
