import type { EChartsOption } from 'echarts';
import type { EpochRecord } from '../callbacks/index.js';
import { Chart, chartColors, ink, namedAxis, shortNumber, topLegend } from './chart.js';

const splits = ['train', 'validation', 'test'] as const;

/** High accuracies are seen against 1; low ones would be flattened by it (undefined: echarts decides). */
function upToOne(range: { readonly max: number }): number | undefined {
  return range.max > 0.8 ? 1 : undefined;
}

/** Loss and accuracy of every split by epoch, side by side. */
export function learningCurvesChart(records: readonly EpochRecord[], title = 'Learning curves'): Chart {
  const present = splits.filter((split) => records.some((record) => record[split] !== undefined));
  const colors = chartColors(splits.length);
  const first = records[0]?.epoch ?? 1;
  const last = records.at(-1)?.epoch ?? 1;
  const margin = first === last ? 1 : 0; // a single epoch stands in the middle
  const xAxis = [0, 1].map((gridIndex) => ({
    ...namedAxis('epoch', 28),
    type: 'value' as const,
    gridIndex,
    minInterval: 1,
    min: first - margin,
    max: last + margin,
  }));
  const series = (['loss', 'accuracy'] as const).flatMap((key, axis) =>
    present.map((split) => ({
      name: split,
      type: 'line' as const,
      xAxisIndex: axis,
      yAxisIndex: axis,
      symbol: records.length <= 20 ? 'circle' : 'none',
      symbolSize: 5,
      lineStyle: { width: 2 },
      color: colors[splits.indexOf(split)] as string,
      data: records.flatMap((record) => {
        const value = record[split]?.[key];
        return value === undefined || !Number.isFinite(value) ? [] : [[record.epoch, value]];
      }),
    })),
  );
  return new Chart(
    title,
    { width: 960, height: 400 },
    {
      legend: topLegend(present),
      grid: [
        { left: 70, width: 380, top: 80, bottom: 55 },
        { left: 550, width: 380, top: 80, bottom: 55 },
      ],
      xAxis,
      yAxis: [
        { ...namedAxis('loss', 48), type: 'value', gridIndex: 0, scale: true },
        { ...namedAxis('accuracy', 48), type: 'value', gridIndex: 1, scale: true, max: upToOne },
      ],
      series,
    },
  );
}

/** What a learning-rate sweep found. */
export interface LearningRateSweep {
  /** Rising. */
  readonly learningRates: readonly number[];
  /** Smoothed loss at each. */
  readonly losses: readonly number[];
  readonly suggested?: number;
}

/** Loss by learning rate on a logarithmic axis, with the suggested rate marked. */
export function learningRateChart(sweep: LearningRateSweep, title = 'Learning-rate sweep'): Chart {
  const { learningRates, losses, suggested } = sweep;
  const finite = losses.filter((loss) => Number.isFinite(loss));
  // The diverging end would flatten the part that matters: nothing above the start by half the descent is shown.
  const lowest = Math.min(...finite);
  const start = finite[0] ?? 1;
  const highest = start + 0.5 * Math.max(start - lowest, 0.1 * Math.abs(start));
  const points = learningRates.flatMap((rate, i) => {
    const loss = losses[i];
    return loss === undefined || !Number.isFinite(loss) ? [] : [[rate, loss]];
  });
  const mark: NonNullable<Extract<EChartsOption['series'], { type?: 'line' }>['markLine']> = {
    symbol: 'none',
    silent: true,
    precision: 12, // the default would round the rate to hundredths
    lineStyle: { color: '#d55e00', type: 'dashed', width: 1.5 },
    label: {
      formatter: `suggested ${suggested === undefined ? '' : suggested.toPrecision(2)}`,
      color: '#d55e00',
      position: 'end',
    },
    data: suggested === undefined ? [] : [{ xAxis: suggested }],
  };
  return new Chart(
    title,
    { width: 720, height: 420 },
    {
      grid: { left: 75, right: 35, top: 75, bottom: 60 },
      xAxis: {
        ...namedAxis('learning rate', 32),
        type: 'log',
        min: learningRates[0] ?? 1e-7,
        max: learningRates.at(-1) ?? 1,
        axisLabel: { color: ink.text, formatter: (value: number) => value.toExponential(0) },
      },
      yAxis: {
        ...namedAxis('loss', 52),
        type: 'value',
        scale: true,
        max: Math.min(Math.max(...finite), highest),
        axisLabel: { color: ink.text, formatter: shortNumber, showMaxLabel: false },
      },
      series: [
        {
          type: 'line',
          symbol: 'none',
          clip: true,
          lineStyle: { width: 2 },
          color: '#0072b2',
          data: points,
          markLine: mark,
        },
      ],
    },
  );
}
