import type { EvaluationReport } from '../types.js';
import { axis, chart, legend } from './chart.js';
import { percent } from './dom.js';
import { colors, ink } from './theme.js';

/** A line from 0, 0 to 1, 1. */
export function diagonal(name: string) {
  return {
    name,
    type: 'line' as const,
    symbol: 'none',
    silent: true,
    color: ink().faint,
    lineStyle: { type: 'dashed' as const, width: 1.5 },
    data: [
      [0, 0],
      [1, 1],
    ],
  };
}

type Calibration = NonNullable<EvaluationReport['calibration']>;

/** Accuracy by confidence. */
export function reliability({ bins }: Calibration): HTMLElement {
  return chart({
    title: 'Reliability',
    summary: bins.map((bin) => `${percent(bin.confidence)} sure, ${percent(bin.accuracy)} right`).join('; '),
    option: () => ({
      tooltip: {
        trigger: 'axis',
        valueFormatter: (value) => (Array.isArray(value) ? percent(Number(value[1])) : percent(Number(value))),
      },
      legend: legend(['network', 'perfect']),
      xAxis: axis('confidence', { min: 0, max: 1 }),
      yAxis: axis('share that is right', { min: 0, max: 1 }, 36),
      series: [
        {
          name: 'network',
          type: 'line',
          color: colors(1)[0] ?? '',
          symbolSize: 8,
          lineStyle: { width: 2.5 },
          data: bins.map((bin) => [bin.confidence, bin.accuracy]),
        },
        diagonal('perfect'),
      ],
    }),
    table: () => ({
      head: ['confidence', 'right', 'images'],
      rows: bins.map((bin) => [percent(bin.confidence), percent(bin.accuracy), bin.count]),
    }),
  });
}

/** Images by confidence. */
export function confidence({ bins }: Calibration): HTMLElement {
  return chart({
    title: 'How sure the network is',
    summary: bins.map((bin) => `${bin.count} images at ${percent(bin.confidence)}`).join(', '),
    option: () => ({
      tooltip: { trigger: 'axis' },
      xAxis: axis('confidence', {
        type: 'category',
        data: bins.map((bin) => percent(bin.confidence)),
        splitLine: { show: false },
      }),
      yAxis: axis('images', { min: 0 }, 48),
      series: [
        { name: 'images', type: 'bar', color: colors(2)[1] ?? '', barMaxWidth: 40, data: bins.map((bin) => bin.count) },
      ],
    }),
    table: () => ({ head: ['confidence', 'images'], rows: bins.map((bin) => [percent(bin.confidence), bin.count]) }),
  });
}
