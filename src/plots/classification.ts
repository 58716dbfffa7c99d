import type { RocCurve } from '../metrics/index.js';
import { Chart, chartColors, ink, labelsWidth, namedAxis, shortLabel } from './chart.js';

/** With more classes than this, counts in a heat map and names in a legend can no longer be read. */
const readableClasses = 20;

/**
 * A confusion matrix as a heat map: rows are true classes, columns predictions; a cell's colour is its share of the
 * row, its text the count.
 *
 * @param confusion counts by [true class][predicted class].
 */
export function confusionChart(
  confusion: readonly (readonly number[])[],
  names: readonly string[],
  title = 'Confusion matrix',
): Chart {
  const classes = confusion.length;
  const labels = names.map(shortLabel);
  const readable = classes <= readableClasses;
  const longestCount = Math.max(1, ...confusion.flat().map((count) => String(count).length));
  const cell = readable ? Math.max(34, longestCount * 8 + 6) : Math.max(4, Math.floor(900 / classes));
  const side = Math.max(220, cell * classes);
  const left = labelsWidth(labels) + 50;
  const below = Math.ceil(labelsWidth(labels) * 0.75) + 55; // names stand at 45 degrees
  const data = confusion.flatMap((row, truth) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count, predicted) => {
      const share = total === 0 ? 0 : count / total;
      const label = {
        show: readable && count > 0,
        formatter: String(count),
        color: share > 0.5 ? '#ffffff' : ink.text,
      };
      return { value: [predicted, truth, share], label };
    });
  });
  const every = Math.ceil(classes / 40); // names that fit beside the axis
  const axisLabel = { color: ink.text, interval: (index: number) => index % every === 0 };
  const category = { type: 'category' as const, data: labels, splitLine: { show: false }, axisTick: { show: false } };
  return new Chart(
    title,
    { width: left + side + 95, height: 45 + side + below },
    {
      grid: { left, width: side, top: 45, height: side },
      xAxis: { ...namedAxis('predicted class', below - 25), ...category, axisLabel: { ...axisLabel, rotate: 45 } },
      yAxis: { ...namedAxis('true class', left - 22), ...category, inverse: true, axisLabel },
      visualMap: {
        min: 0,
        max: 1,
        calculable: false,
        dimension: 2,
        right: 15,
        top: 65,
        itemWidth: 14,
        itemHeight: Math.min(160, side - 60),
        text: ['100%', '0%'],
        textStyle: { color: ink.text },
        inRange: { color: ['#f7fbff', '#c6dbef', '#6baed6', '#2171b5', '#08306b'] },
      },
      series: [{ type: 'heatmap', data, itemStyle: { borderColor: ink.grid, borderWidth: readable ? 1 : 0 } }],
    },
  );
}

/** One line of a ROC chart. */
export interface NamedCurve {
  readonly name: string;
  readonly curve: RocCurve;
}

/** ROC curves of one or more classes against the rest, with chance as a dashed line. */
export function rocChart(curves: readonly NamedCurve[], title = 'ROC curves'): Chart {
  const colors = chartColors(curves.length);
  const named = curves.length <= readableClasses;
  const names = curves.map(({ name, curve }) => `${shortLabel(name)} (${curve.area.toFixed(3)})`);
  const right = named ? labelsWidth(names.map((name) => name.slice(0, 40))) + 90 : 30;
  return new Chart(
    title,
    { width: 500 + right, height: 520 },
    {
      ...(named
        ? {
            legend: {
              data: [...names, 'chance'],
              orient: 'vertical' as const,
              left: 505,
              top: 'middle',
              textStyle: { color: ink.text },
            },
          }
        : {}),
      grid: { left: 70, width: 420, top: 45, height: 420 },
      xAxis: { ...namedAxis('false positive rate', 30), type: 'value', min: 0, max: 1 },
      yAxis: { ...namedAxis('true positive rate', 42), type: 'value', min: 0, max: 1 },
      series: [
        ...curves.map(({ curve }, i) => ({
          name: names[i] as string,
          type: 'line' as const,
          symbol: 'none',
          color: colors[i] as string,
          lineStyle: { width: named ? 2 : 1 },
          data: curve.falsePositiveRate.map((x, j) => [x, curve.truePositiveRate[j] as number]),
        })),
        {
          name: 'chance',
          type: 'line' as const,
          symbol: 'none',
          color: ink.faint,
          lineStyle: { type: 'dashed' as const, width: 1 },
          data: [
            [0, 0],
            [1, 1],
          ],
        },
      ],
    },
  );
}

/** Points of a projection (PCA, t-SNE) by class. */
export interface ScatterOptions {
  /** [n, 2] behind each other. */
  readonly points: ArrayLike<number>;
  /** Class index of each point. */
  readonly labels: ArrayLike<number>;
  readonly names: readonly string[];
  readonly title: string;
  /** Names of both axes. */
  readonly axes?: readonly [string, string];
}

/** A scatter plot coloured by class. */
export function scatterChart({ points, labels, names, title, axes = ['1', '2'] }: ScatterOptions): Chart {
  const count = labels.length;
  const byClass = names.map(() => [] as number[][]);
  for (let i = 0; i < count; i++) {
    byClass[labels[i] as number]?.push([points[2 * i] as number, points[2 * i + 1] as number]);
  }
  const colors = chartColors(names.length);
  const legendNames = names.map(shortLabel);
  const named = names.length <= 2 * readableClasses;
  const right = named ? labelsWidth(legendNames) + 65 : 30;
  const height = Math.max(520, named ? names.length * 20 + 60 : 0);
  return new Chart(
    title,
    { width: 560 + right, height },
    {
      ...(named
        ? {
            legend: {
              data: legendNames,
              orient: 'vertical' as const,
              left: 560,
              top: 'middle',
              textStyle: { color: ink.text },
            },
          }
        : {}),
      grid: { left: 65, width: 480, top: 50, bottom: 55 },
      xAxis: { ...namedAxis(axes[0], 30), type: 'value', scale: true },
      yAxis: { ...namedAxis(axes[1], 42), type: 'value', scale: true },
      series: byClass.map((data, k) => ({
        name: legendNames[k] as string,
        type: 'scatter' as const,
        symbolSize: count > 1000 ? 4 : 6,
        color: colors[k] as string,
        itemStyle: { opacity: 0.75 },
        data,
      })),
    },
  );
}
