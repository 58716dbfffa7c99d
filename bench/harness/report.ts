import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { barChart, type Chart, scalingChart, stackedBarChart } from '../../src/plots/index.js';
import type { BenchResult, Claim, ResultChart, ResultTable } from './result.js';

/** A figure as a table shows it: three digits that matter, whole and grouped from 1000 on. */
export function figure(value: string | number | null): string {
  if (typeof value === 'string') return value;
  if (value === null || !Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en-US');
  return value.toLocaleString('en-US', Number.isInteger(value) ? {} : { maximumSignificantDigits: 3 });
}

function markdownTable({ title, columns, rows }: ResultTable): string[] {
  const numeric = columns.map((_, column) => rows.some((row) => typeof row[column] === 'number'));
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    title,
    '',
    line(columns),
    line(numeric.map((right) => (right ? '---:' : '---'))),
    ...rows.map((row) => line(row.map(figure))),
    '',
  ];
}

function claimLine({ what, measured, bound, side, passed }: Claim): string {
  return `| ${what} | ${figure(measured)} | ${side} ${figure(bound)} | ${passed ? 'yes' : '**no**'} |`;
}

/** A result in short: its claims, or its tables where it claims nothing; and where it comes from. */
export function resultSummary(result: BenchResult): string {
  const { claims, tables, notes } = result;
  const short = claims.length > 0 ? { tables: [], notes: [] } : { tables, notes };
  return resultMarkdown({ ...result, charts: [], ...short });
}

/**
 * A result as Markdown: claims first, then tables, charts, notes, machine and command.
 *
 * @param chartsFolder where the page that it is for finds the charts.
 */
export function resultMarkdown(result: BenchResult, chartsFolder = 'docs/'): string {
  const { machine, claims, tables, charts, notes } = result;
  const lines: string[] = [];
  if (claims.length > 0)
    lines.push('| claim | measured | needed | holds |', '| --- | ---: | ---: | --- |', ...claims.map(claimLine), '');
  for (const table of tables) lines.push(...markdownTable(table));
  for (const { file, options } of charts) lines.push(`![${options.title}](${chartsFolder}${file}.svg)`, '');
  for (const note of notes) lines.push(`- ${note}`);
  if (notes.length > 0) lines.push('');
  const libraries = Object.entries(machine.libraries).map(([name, version]) => `${name} ${version}`);
  lines.push(
    `${result.date}, \`${result.command}\`: ${machine.cores} cores of ${machine.cpu}, ${machine.memoryGiB} GiB, ${machine.system}; ` +
      `Node ${machine.node}, ${libraries.join(', ')}; commit ${machine.commit}.`,
  );
  return lines.join('\n');
}

/** Writes a result's charts as SVG. */
export async function writeCharts({ charts }: BenchResult, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const chart of charts) await draw(chart).write(join(folder, `${chart.file}.svg`));
}

function draw(chart: ResultChart): Chart {
  if (chart.kind === 'scaling') return scalingChart(chart.options);
  // JSON knows no undefined: what has no value came back as null.
  const series = chart.options.series.map(({ name, values }) => ({
    name,
    values: values.map((value) => value ?? undefined),
  }));
  const options = { ...chart.options, series };
  return chart.kind === 'bars' ? barChart(options) : stackedBarChart(options);
}

const marker = /<!-- bench:([a-z-]+) -->\n([\s\S]*?)\n?<!-- \/bench -->/g;

/** What a page holds between its markers `<!-- bench:NAME -->` and `<!-- /bench -->`, by name. */
export function reportedBlocks(page: string): Map<string, string> {
  return new Map([...page.matchAll(marker)].map(([, name = '', text = '']) => [name, text]));
}

/** Replaces what a page holds between markers by the first results of those names, each in short. */
export function insertResults(page: string, results: readonly BenchResult[]): string {
  return page.replace(marker, (block, name: string) => {
    const result = results.find(({ bench }) => bench === name);
    return result === undefined ? block : `<!-- bench:${name} -->\n${resultSummary(result)}\n<!-- /bench -->`;
  });
}

/** The first result of each name: the newest. */
export function newest(results: readonly BenchResult[]): BenchResult[] {
  return results.filter(({ bench }, index) => results.findIndex((other) => other.bench === bench) === index);
}

/**
 * The page of all results in full: of each bench the newest; older ones, from other processors, are folded and without charts.
 *
 * @param order names of benches, in the order of the page.
 */
export function resultsPage(results: readonly BenchResult[], order: readonly string[]): string {
  const place = ({ bench }: BenchResult) => (order.indexOf(bench) + order.length) % order.length;
  const parts = newest(results)
    .sort((a, b) => place(a) - place(b))
    .flatMap((first) => [
      `## ${first.title}\n\n${resultMarkdown(first, '')}\n`,
      ...results.filter((other) => other.bench === first.bench && other !== first).map(folded),
    ]);
  return [
    '# Benchmarks\n\n`npm run bench -- report` writes this page from `bench/results`: of each bench the newest result, below it those of ' +
      'other processors.\n',
    ...parts,
  ].join('\n');
}

function folded(result: BenchResult): string {
  const { cpu } = result.machine;
  const text = resultMarkdown({ ...result, charts: [] }, '');
  return `<details><summary>${cpu}, ${result.date}</summary>\n\n${text}\n\n</details>\n`;
}
