import type { RunReport } from '../types.js';
import { text } from './card.js';
import { curvesView } from './curves.js';
import { duration, h, percent, section, shown, table } from './dom.js';

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
      head: ['run', 'test accuracy', 'test loss', 'best accuracy', 'epochs', 'parameters', 'time', 'images/s'],
      rows: runs.map(({ name, history, summary, network, evaluation }) => {
        const last = history.at(-1);
        const test = (summary?.['test'] ?? last?.test) as { accuracy: number; loss: number } | undefined;
        const best = Math.max(0, ...history.map((record) => record.test?.accuracy ?? 0));
        const seconds =
          (summary?.['seconds'] as number | undefined) ?? history.reduce((sum, record) => sum + record.seconds, 0);
        const accuracy = test?.accuracy ?? evaluation?.overall[0]?.[1];
        return [
          name,
          accuracy === undefined ? null : percent(accuracy),
          test?.loss ?? null,
          percent(best),
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
