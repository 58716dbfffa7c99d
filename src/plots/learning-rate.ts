import type { EChartsOption } from 'echarts';
import { Chart, ink, namedAxis, shortNumber } from './chart.js';

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
