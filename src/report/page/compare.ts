import type { RunReport } from '../types.js';
import { text } from './card.js';
import { curvesView } from './curves.js';
import { duration, h, section, shown, table } from './dom.js';
import { scoreName, scoreText, testScore } from './run-score.js';

/** Runs side by side: results, curves, and what differs in their configurations. */
export function compareView(runs: readonly RunReport[]): HTMLElement {
  const keys = [...new Set(runs.flatMap(({ config }) => Object.keys(config)))];
  const differing = keys.filter((key) => new Set(runs.map(({ config }) => text(config[key] ?? null))).size > 1);
  return h(
    'div',
    {},
    section('Results', undefined, results(runs)),
    section(
      'What differs',
      differing.length === 0 ? 'The configurations are equal.' : 'Options that are not the same in all runs.',
      differing.length === 0
        ? null
        : table(
            {
              head: ['option', ...runs.map(({ name }) => name)],
              rows: differing.map((key) => [key, ...runs.map(({ config }) => text(config[key] ?? '–'))]),
            },
            { caption: 'Options that differ' },
          ),
    ),
    curvesView(() => runs),
    scoreOf(runs) === undefined
      ? null
      : section('By class', `${scoreOf(runs)} of each class in each run.`, byClass(runs, scoreOf(runs) ?? '')),
  );
}

function results(runs: readonly RunReport[]): HTMLElement {
  return table(
    {
      head: ['run', 'test score', 'test loss', 'best score', 'epochs', 'parameters', 'time', 'images/s'],
      rows: runs.map((run) => {
        const { name, history, summary, network } = run;
        const last = history.at(-1);
        const test = (summary?.['test'] ?? last?.test) as { loss: number } | undefined;
        const best = Math.max(0, ...history.map((record) => testScore(record, scoreName(run)) ?? 0));
        const seconds =
          (summary?.['seconds'] as number | undefined) ?? history.reduce((sum, record) => sum + record.seconds, 0);
        return [
          name,
          scoreText(run),
          test?.loss ?? null,
          scoreText(run, best),
          history.length,
          network === undefined ? null : shown(network.parameters),
          duration(seconds),
          last === undefined ? null : Math.round(last.imagesPerSecond),
        ];
      }),
    },
    { sortable: true, caption: 'Results of the runs' },
  );
}

/** The score of classes that all runs have; undefined where they have none in common. */
function scoreOf(runs: readonly RunReport[]): string | undefined {
  const names = new Set(runs.map(({ evaluation }) => evaluation && (evaluation.table?.head[1] ?? 'F1')));
  const [name] = names;
  return names.size === 1 && runs.every(({ classes }) => classes.length > 0) ? name : undefined;
}

function byClass(runs: readonly RunReport[], score: string): HTMLElement {
  const value = ({ evaluation, classes }: RunReport, name: string) => {
    const place = classes.indexOf(name);
    return evaluation?.table?.rows[place]?.[1] ?? evaluation?.perClass[place]?.f1 ?? null;
  };
  const classes = [...new Set(runs.flatMap((run) => run.classes))];
  return table(
    {
      head: ['class', ...runs.map(({ name }) => name)],
      rows: classes.map((name) => [name, ...runs.map((run) => value(run, name))]),
    },
    { sortable: true, caption: `${score} by class` },
  );
}
