import { Chart, chartColors, ink, labelsWidth, namedAxis, shortNumber } from './chart.js';

/** A trial of a sweep. */
export interface TrialCurve {
  readonly name: string;
  /** Epoch and score. */
  readonly points: readonly (readonly [epoch: number, score: number])[];
  readonly parameters: Readonly<Record<string, unknown>>;
  /** The last score; null of a training that diverged. */
  readonly score: number | null;
}

/** Trials with a colour and a name in the legend. */
const coloured = 10;
/** Options with a panel each. */
const mostPanels = 6;
const width = 960;
const plot = { left: 75, height: 240 };
const panel = { width: 225, height: 170, gap: 60, step: 305 };
/** A range whose ends differ by this factor is read on a logarithmic axis. */
const wideRange = 8;

/**
 * Scores of a sweep's trials by epoch, and below them the last scores by each option that has several numbers. The ten best
 * trials have colours, the others are grey.
 *
 * @param trials best first.
 */
export function sweepChart(trials: readonly TrialCurve[], score: string, title = 'Sweep'): Chart {
  const best = trials.slice(0, coloured);
  const colors = chartColors(best.length);
  const colorOf = (index: number): string => colors[index] ?? ink.faint;
  const legendWidth = labelsWidth(best.map(({ name }) => name)) + 60;
  const names = numericNames(trials).slice(0, mostPanels);
  const rows = Math.ceil(names.length / 3);
  const top = 60;
  const place = (index: number) => ({
    left: plot.left + (index % 3) * panel.step,
    top: top + plot.height + 70 + Math.floor(index / 3) * (panel.height + panel.gap),
    width: panel.width,
    height: panel.height,
  });
  // The best lies over the others.
  const drawn = [...trials.entries()].reverse();
  return new Chart(
    title,
    { width, height: top + plot.height + 55 + rows * (panel.height + panel.gap) },
    {
      legend: {
        data: best.map(({ name }) => name),
        orient: 'vertical',
        right: 10,
        top,
        textStyle: { color: ink.text },
      },
      grid: [{ ...plot, top, width: width - plot.left - legendWidth - 20 }, ...names.map((_, index) => place(index))],
      xAxis: [
        { ...namedAxis('epoch', 30), type: 'value', gridIndex: 0, minInterval: 1, min: 'dataMin', max: 'dataMax' },
        ...names.map((name, index) => ({
          ...namedAxis(name, 30),
          type: isWide(trials, name) ? ('log' as const) : ('value' as const),
          gridIndex: index + 1,
          scale: true,
          axisLabel: { color: ink.text, formatter: shortNumber, hideOverlap: true },
        })),
      ],
      yAxis: [score, ...names.map(() => score)].map((name, gridIndex) => ({
        ...namedAxis(name, 52),
        type: 'value' as const,
        gridIndex,
        scale: true,
        axisLabel: { color: ink.text, formatter: shortNumber },
      })),
      series: [
        ...drawn.map(([index, { name, points }]) => ({
          name,
          type: 'line' as const,
          xAxisIndex: 0,
          yAxisIndex: 0,
          symbolSize: points.length === 1 ? 8 : 4,
          symbol: points.length > 20 ? 'none' : 'circle',
          lineStyle: { width: index === 0 ? 3 : 1.5 },
          color: colorOf(index),
          data: points.filter(([, value]) => Number.isFinite(value)).map(([epoch, value]) => [epoch, value]),
        })),
        ...names.flatMap((parameter, panelIndex) =>
          drawn.map(([index, { name, parameters, score: last }]) => ({
            name,
            type: 'scatter' as const,
            xAxisIndex: panelIndex + 1,
            yAxisIndex: panelIndex + 1,
            symbolSize: index === 0 ? 11 : 7,
            color: colorOf(index),
            data: last === null || typeof parameters[parameter] !== 'number' ? [] : [[parameters[parameter], last]],
          })),
        ),
      ],
    },
  );
}

/** Options that are different numbers in different trials. */
function numericNames(trials: readonly TrialCurve[]): string[] {
  const names = [...new Set(trials.flatMap(({ parameters }) => Object.keys(parameters)))];
  return names.filter((name) => new Set(numbersOf(trials, name)).size > 1);
}

function numbersOf(trials: readonly TrialCurve[], name: string): number[] {
  return trials.flatMap(({ parameters }) => (typeof parameters[name] === 'number' ? [parameters[name]] : []));
}

function isWide(trials: readonly TrialCurve[], name: string): boolean {
  const values = numbersOf(trials, name);
  return Math.min(...values) > 0 && Math.max(...values) / Math.min(...values) >= wideRange;
}
