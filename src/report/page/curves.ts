import { epochScores, namedScore, scoreInWords } from '../../base/epoch-scores.js';
import type { EpochRecord } from '../../callbacks/index.js';
import type { RunReport } from '../types.js';
import { axis, chart, legend } from './chart.js';
import { duration, h, percent, section, shown } from './dom.js';
import { colors, ink } from './theme.js';

const splits = ['train', 'validation', 'test'] as const;
const lineTypes = { train: 'dashed', validation: 'dotted', test: 'solid' } as const;

type Value = (record: EpochRecord) => number | null | undefined;

interface Line {
  readonly name: string;
  readonly records: readonly EpochRecord[];
  readonly value: Value;
  readonly color: number;
  readonly type: 'solid' | 'dashed' | 'dotted';
}

/** One chart of values by epoch. */
export function curveChart(
  title: string,
  unit: string,
  lines: () => readonly Line[],
  { from0 = false, share = false } = {},
): HTMLElement {
  const present = (): Line[] =>
    lines().filter(({ records, value }) => records.some((record) => typeof value(record) === 'number'));
  return chart({
    title,
    summary: summaryOf(present()),
    zoom: true,
    option: () => {
      const list = present();
      const palette = colors(Math.max(3, ...list.map(({ color }) => color + 1)));
      const epochs = list.flatMap(({ records }) => records.map(({ epoch }) => epoch));
      const [first, last] = [Math.min(1, ...epochs), Math.max(1, ...epochs)];
      return {
        legend: legend(list.map(({ name }) => name)),
        tooltip: {
          trigger: 'axis',
          valueFormatter: (value) => (typeof value === 'number' ? (share ? percent(value) : shown(value)) : '–'),
        },
        xAxis: axis('epoch', {
          minInterval: 1,
          min: first === last ? first - 1 : first,
          max: first === last ? last + 1 : last,
          splitLine: { show: false },
        }),
        yAxis: axis(
          unit,
          {
            scale: !from0,
            ...(share ? { axisLabel: { color: ink().text, formatter: (value: number) => percent(value) } } : {}),
          },
          48,
        ),
        series: list.map(({ name, records, value, color, type }) => ({
          name,
          type: 'line',
          color: palette[color] ?? '',
          lineStyle: { width: 2.5, type },
          symbol: records.length <= 30 ? 'circle' : 'none',
          symbolSize: 7,
          emphasis: { focus: 'series' },
          data: records.flatMap((record) => {
            const own = value(record);
            return typeof own === 'number' && Number.isFinite(own) ? [[record.epoch, own]] : [];
          }),
        })),
      };
    },
    table: () => {
      const list = present();
      const epochs = [...new Set(list.flatMap(({ records }) => records.map(({ epoch }) => epoch)))].sort(
        (a, b) => a - b,
      );
      return {
        head: ['epoch', ...list.map(({ name }) => name)],
        rows: epochs.map((epoch) => [
          String(epoch),
          ...list.map(({ records, value }) => {
            const record = records.find((each) => each.epoch === epoch);
            return record === undefined ? null : (value(record) ?? null);
          }),
        ]),
      };
    },
  });
}

function summaryOf(lines: readonly Line[]): string {
  return lines
    .map(({ name, records, value }) => {
      const last = records.at(-1);
      const own = last === undefined ? undefined : value(last);
      return `${name} ${typeof own === 'number' ? shown(own) : 'none'} at the end`;
    })
    .join(', ');
}

/** Lines of a value for every split of one run, or of several: there colours tell runs and strokes tell splits. */
function splitLines(runs: readonly RunReport[], key: string): Line[] {
  return runs.flatMap(({ name, history }, run) =>
    splits
      .filter((split) => history.some((record) => record[split] !== undefined))
      .map((split) => ({
        name: runs.length === 1 ? split : `${name}, ${split}`,
        records: history,
        value: (record: EpochRecord) => namedScore(record[split], key),
        color: runs.length === 1 ? splits.indexOf(split) : run,
        type: runs.length === 1 ? ('solid' as const) : lineTypes[split],
      })),
  );
}

const phases = [
  ['gradients', 'gradients'],
  ['data', 'waiting for data'],
  ['allReduce', 'all-reduce'],
  ['optimizer', 'optimizer'],
  ['evaluation', 'evaluation'],
] as const;

/** Scores that the runs have; accuracy before the first epoch has ended. */
function scoreNames(runs: readonly RunReport[]): readonly string[] {
  const records = runs.flatMap(({ history }) => history);
  return records.length === 0 ? ['accuracy'] : epochScores(records);
}

/** Curves of one run or several. */
export function curvesView(runs: () => readonly RunReport[]): HTMLElement {
  const one = (value: Value) => (): Line[] =>
    runs().map(({ name, history }, run) => ({
      name: runs().length === 1 ? 'run' : name,
      records: history,
      value,
      color: run,
      type: 'solid' as const,
    }));
  const [first] = runs();
  if (runs().every(({ history }) => history.length === 0) && first !== undefined)
    return section('Learning curves', 'No epoch has ended yet.');
  return h(
    'div',
    {},
    section(
      'Learning curves',
      'Ctrl and the wheel, or the buttons, narrow the range of epochs. A loss of the test images that rises while that of the training images falls is overfitting.',
      h(
        'div',
        { class: 'grid two' },
        curveChart('Loss', 'loss', () => splitLines(runs(), 'loss')),
        scoreNames(runs()).map((name) => {
          const words = scoreInWords(name);
          const title = `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
          return curveChart(title, words, () => splitLines(runs(), name), { share: true });
        }),
        curveChart(
          'Learning rate',
          'learning rate',
          one((record) => record.learningRate),
          { from0: true },
        ),
        curveChart(
          'Throughput',
          'images per second',
          one((record) => record.imagesPerSecond),
          { from0: true },
        ),
      ),
    ),
    section('Time', 'Where the seconds of each epoch go.', h('div', { class: 'grid two' }, runs().map(timeChart))),
  );
}

function timeChart(run: RunReport): HTMLElement {
  const { history, name } = run;
  const total = history.reduce((sum, { seconds }) => sum + seconds, 0);
  return chart({
    title: `Seconds by phase: ${name}`,
    summary: `${duration(total)} in ${history.length} epochs`,
    zoom: false,
    option: () => {
      const palette = colors(phases.length);
      return {
        legend: legend(phases.map(([, text]) => text)),
        tooltip: {
          trigger: 'axis',
          axisPointer: { type: 'shadow' },
          valueFormatter: (value) => `${shown(Number(value))} s`,
        },
        xAxis: axis('epoch', {
          type: 'category',
          data: history.map(({ epoch }) => String(epoch)),
          splitLine: { show: false },
        }),
        yAxis: axis('seconds', { min: 0 }, 48),
        series: phases.map(([key, text], index) => ({
          name: text,
          type: 'bar',
          stack: 'time',
          color: palette[index] ?? '',
          barMaxWidth: 48,
          data: history.map((record) => record.phases[key]),
        })),
      };
    },
    table: () => ({
      head: ['epoch', ...phases.map(([, text]) => text)],
      rows: history.map((record) => [String(record.epoch), ...phases.map(([key]) => record.phases[key])]),
    }),
  });
}
