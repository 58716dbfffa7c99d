import type { EChartsOption } from 'echarts';
import { epochScores, namedScore, scoreInWords } from '../base/epoch-scores.js';
import type { EpochRecord } from '../callbacks/index.js';
import { Chart, chartColors, ink, labelsWidth, namedAxis, shortLabel, shortNumber } from './chart.js';

/** The epochs of one run. */
export interface RunCurves {
  /** For the legend; no two runs of a chart have the same. */
  readonly name: string;
  readonly records: readonly EpochRecord[];
}

const splits = ['train', 'validation', 'test'] as const;
/** Where colours tell runs apart, lines tell splits apart: what a network has not trained on is solid. */
const lineTypes = { train: 'dashed', validation: 'dotted', test: 'solid' } as const;

const width = 960;
const plot = { left: 70, width: 380, height: 265 };
/** Of the learning rate, below both. */
const strip = { height: 110, gap: 80 };
const legendRow = 24;
const itemWidth = 34;
const itemGap = 24;
/** A learning rate that falls this far is read on a logarithmic axis. */
const wideRange = 30;

/**
 * Loss and scores (accuracy, or those of the task) of every split by epoch, two in a row, and below them the learning rate where it
 * moves. Several runs lie over each other.
 */
export function learningCurvesChart(runs: readonly RunCurves[], title = 'Learning curves'): Chart {
  const records = runs.flatMap((run) => run.records);
  const present = splits.filter((split) => records.some((record) => record[split] !== undefined));
  const several = runs.length > 1;
  const colors = chartColors(several ? runs.length : splits.length);
  const look = (run: number, split: (typeof splits)[number]): { color: string; type: 'solid' | 'dashed' | 'dotted' } =>
    several
      ? { color: colors[run] ?? ink.text, type: lineTypes[split] }
      : { color: colors[splits.indexOf(split)] ?? ink.text, type: 'solid' };
  const rates = runs.map((run) => run.records.map(({ epoch, learningRate }) => [epoch, learningRate] as const));
  const moves = rates.some((points) => new Set(points.map(([, rate]) => rate)).size > 1);
  const legend = legendOf(runs, present, several);
  const top = 62 + legend.rows * legendRow;
  const scores = epochScores(records);
  const keys = ['loss', ...(scores.length === 0 ? ['accuracy'] : scores)];
  const series = keys.flatMap((key, axis) =>
    runs.flatMap(({ name, records: own }, run) =>
      present.map((split) =>
        lineSeries(
          several ? name : split,
          axis,
          own.map((record) => [record.epoch, namedScore(record[split], key)] as const),
          look(run, split),
        ),
      ),
    ),
  );
  const rows = Math.ceil(keys.length / 2);
  const below = plot.height + strip.gap;
  const stripTop = top + rows * below;
  const epochs = epochAxis(records);
  const right = width - plot.width - 30;
  const place = (panel: number) => ({
    left: panel % 2 === 0 ? plot.left : right,
    top: top + Math.floor(panel / 2) * below,
  });
  const stripIndex = keys.length;
  return new Chart(
    title,
    { width, height: stripTop - strip.gap + 55 + (moves ? strip.gap + strip.height : 0) },
    {
      legend: legend.option,
      grid: [
        ...keys.map((_, panel) => ({ ...plot, ...place(panel) })),
        ...(moves
          ? [{ left: plot.left, width: right + plot.width - plot.left, top: stripTop, height: strip.height }]
          : []),
      ],
      xAxis: [...keys.keys(), ...(moves ? [stripIndex] : [])].map((gridIndex) => ({ ...epochs, gridIndex })),
      yAxis: [
        ...keys.map((key, gridIndex) => ({
          ...namedAxis(scoreInWords(key), 48),
          type: 'value' as const,
          gridIndex,
          scale: true,
          ...(key === 'loss' ? {} : { max: upToOne }),
        })),
        ...(moves ? [{ ...rateAxis(rates.flat().map(([, rate]) => rate)), gridIndex: stripIndex }] : []),
      ],
      series: [
        ...series,
        ...(several ? present.map((split) => legendLine(split)) : []),
        ...(moves
          ? runs.map(({ name }, run) =>
              lineSeries(several ? name : 'learning rate', stripIndex, rates[run] ?? [], {
                color: several ? (colors[run] ?? ink.text) : ink.text,
                type: 'solid',
              }),
            )
          : []),
      ],
    },
  );
}

function lineSeries(
  name: string,
  axis: number,
  points: readonly (readonly [epoch: number, value: number | null | undefined])[],
  { color, type }: { readonly color: string; readonly type: 'solid' | 'dashed' | 'dotted' },
) {
  // JSON has null for a loss that was not finite.
  const finite = points.filter(([, value]) => typeof value === 'number' && Number.isFinite(value));
  return {
    name,
    type: 'line' as const,
    xAxisIndex: axis,
    yAxisIndex: axis,
    symbol: finite.length <= 20 ? 'circle' : 'none', // points of long runs would hide their lines
    symbolSize: finite.length === 1 ? 9 : 5,
    lineStyle: { width: 2, type },
    color,
    data: finite.map(([epoch, value]) => [epoch, value as number]),
  };
}

/** A line without points, which says in the legend what a kind of line stands for. */
function legendLine(split: (typeof splits)[number]) {
  return { ...lineSeries(split, 0, [], { color: ink.faint, type: lineTypes[split] }), symbol: 'none' };
}

/** Runs, then kinds of lines; in rows that end before the chart does. */
function legendOf(
  runs: readonly RunCurves[],
  present: readonly string[],
  several: boolean,
): { readonly option: NonNullable<EChartsOption['legend']>; readonly rows: number } {
  const names = [...(several ? runs.map(({ name }) => name) : []), ...present];
  const types: Readonly<Record<string, string>> = several ? lineTypes : {};
  const option = {
    data: names.map((name) => ({ name, lineStyle: { type: (types[name] ?? 'solid') as 'solid' } })),
    formatter: shortLabel,
    top: 38,
    left: 'center',
    width: width - 60,
    itemGap,
    itemWidth,
    itemHeight: 7,
    textStyle: { color: ink.text },
  };
  let rows = 1;
  let used = 0;
  for (const name of names) {
    const wide = labelsWidth([name]) + itemWidth + 5 + itemGap;
    if (used > 0 && used + wide > width - 60) {
      rows += 1;
      used = 0;
    }
    used += wide;
  }
  return { option, rows };
}

function epochAxis(records: readonly EpochRecord[]) {
  const epochs = records.map(({ epoch }) => epoch);
  const first = epochs.length === 0 ? 1 : epochs.reduce((a, b) => Math.min(a, b));
  const last = epochs.reduce((a, b) => Math.max(a, b), first);
  const margin = first === last ? 1 : 0; // a single epoch stands in the middle
  return {
    ...namedAxis('epoch', 28),
    type: 'value' as const,
    minInterval: 1,
    min: first - margin,
    max: last + margin,
    // The margin's epochs are none.
    axisLabel: { color: ink.text, formatter: (value: number) => (value < first || value > last ? '' : String(value)) },
  };
}

/** High accuracies are seen against 1; low ones would be flattened by it (undefined: echarts decides). */
function upToOne(range: { readonly max: number }): number | undefined {
  return range.max > 0.8 ? 1 : undefined;
}

function rateAxis(rates: readonly number[]) {
  const axis = { ...namedAxis('learning rate', 55), splitNumber: 3 };
  const lowest = rates.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  const highest = rates.reduce((a, b) => Math.max(a, b), 0);
  if (lowest > 0 && highest / lowest > wideRange) {
    const label = { color: ink.text, formatter: (value: number) => value.toExponential(0) };
    return { ...axis, type: 'log' as const, axisLabel: label };
  }
  return { ...axis, type: 'value' as const, min: 0, axisLabel: { color: ink.text, formatter: shortNumber } };
}
