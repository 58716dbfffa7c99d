import { Chart, chartColors, ink, labelsWidth, namedAxis, shortLabel, shortNumber, topLegend } from './chart.js';

const rowHeight = 26;

/** Values of one series, one per category. */
export interface BarSeries {
  readonly name: string;
  /** `undefined` where the series has no value. */
  readonly values: readonly (number | undefined)[];
}

/** Options of the bar charts. */
export interface BarChartOptions {
  readonly title: string;
  /** What the values are, with unit: `images/s`. */
  readonly valueName: string;
  /** Where the axis of values ends; by default a round number that no bar passes. */
  readonly most?: number;
  /** From top to bottom. */
  readonly categories: readonly string[];
  readonly series: readonly BarSeries[];
}

function horizontalBars(options: BarChartOptions, stacked: boolean): Chart {
  const { title, valueName, most, categories, series } = options;
  const labels = categories.map(shortLabel);
  const left = labelsWidth(labels) + 25;
  const legend = series.length > 1;
  const top = legend ? 75 : 45;
  const rows = categories.length * (stacked ? 1 : series.length);
  const plot = rows * rowHeight + categories.length * 14;
  const colors = chartColors(series.length);
  return new Chart(
    title,
    { width: left + 640, height: top + plot + 60 },
    {
      ...(legend ? { legend: topLegend(series.map(({ name }) => name)) } : {}),
      grid: { left, right: 70, top, height: plot },
      xAxis: {
        ...namedAxis(valueName, 30),
        type: 'value',
        axisLabel: { color: ink.text, formatter: shortNumber },
        ...(most === undefined ? {} : { max: most }),
      },
      yAxis: { ...namedAxis('', 0), type: 'category', data: labels, inverse: true, axisTick: { show: false } },
      series: series.map(({ name, values }, i) => ({
        name,
        type: 'bar' as const,
        ...(stacked ? { stack: 'all' } : {}),
        barMaxWidth: rowHeight - 6,
        color: colors[i] as string,
        // Parts of a stack are read against the axis; a number would not fit in a thin one.
        label: {
          show: !stacked,
          position: 'right' as const,
          color: ink.text,
          formatter: ({ value }: { value?: unknown }) => (typeof value === 'number' ? shortNumber(value) : ''),
        },
        data: categories.map((_, k) => values[k] ?? '-'),
      })),
    },
  );
}

/** Horizontal bars with their values: benchmark results, one colour a series. */
export function barChart(options: BarChartOptions): Chart {
  return horizontalBars(options, false);
}

/** Horizontal bars made of parts: the phases of a step, one bar a configuration. */
export function stackedBarChart(options: BarChartOptions): Chart {
  return horizontalBars(options, true);
}

/** A measured line of a scaling chart. */
export interface ScalingSeries {
  readonly name: string;
  /** [workers, throughput], rising in workers. */
  readonly points: readonly (readonly [number, number])[];
}

/** Throughput by number of workers; each line's ideal (its first point in proportion) is dashed in its colour. */
export function scalingChart(options: {
  readonly title: string;
  readonly valueName: string;
  readonly series: readonly ScalingSeries[];
}): Chart {
  const colors = chartColors(options.series.length);
  const workers = options.series.flatMap(({ points }) => points.map(([count]) => count));
  const most = Math.max(...workers);
  return new Chart(
    options.title,
    { width: 680, height: 440 },
    {
      legend: topLegend([
        ...options.series.map(({ name }) => name),
        { name: 'ideal', lineStyle: { color: ink.faint }, itemStyle: { color: ink.faint } },
      ]),
      grid: { left: 90, right: 35, top: 80, bottom: 55 },
      xAxis: { ...namedAxis('workers', 30), type: 'value', minInterval: 1, min: 0, max: most },
      yAxis: { ...namedAxis(options.valueName, 65), type: 'value', min: 0 },
      series: options.series.flatMap(({ name, points }, i) => {
        const [first] = points;
        const ideal = first === undefined ? [] : [first, [most, (first[1] / first[0]) * most]];
        const color = colors[i] as string;
        return [
          {
            name,
            type: 'line' as const,
            color,
            symbol: 'circle',
            symbolSize: 7,
            lineStyle: { width: 2 },
            data: points.map((point) => [...point]),
          },
          {
            name: 'ideal',
            type: 'line' as const,
            color,
            symbol: 'none',
            lineStyle: { type: 'dashed' as const, width: 1 },
            data: ideal.map((point) => [...point]),
          },
        ];
      }),
    },
  );
}
