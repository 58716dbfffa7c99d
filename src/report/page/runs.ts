import type { RunReport } from '../types.js';
import { duration, fill, h, section, shown } from './dom.js';
import { lastScore, scoreName, scoreText, testScore } from './run-score.js';
import { colors } from './theme.js';

type Column = readonly [
  name: string,
  value: (run: RunReport) => string | number | null,
  show: (run: RunReport) => Node | string,
];

const last = ({ history }: RunReport) => history.at(-1);
const seconds = ({ history }: RunReport): number => history.reduce((sum, record) => sum + record.seconds, 0);
const modelOf = ({ config }: RunReport): string => (config['model'] as { name?: string } | undefined)?.name ?? '';

const columns: readonly Column[] = [
  [
    'run',
    ({ name }) => name,
    (run) => h('a', { href: `/?run=${encodeURIComponent(run.name)}`, dir: 'auto' }, run.name),
  ],
  ['state', ({ state }) => state, ({ state }) => state],
  ['network', modelOf, modelOf],
  [
    'data',
    ({ config }) => String(config['dataset'] ?? ''),
    ({ config }) => h('span', { dir: 'auto' }, String(config['dataset'] ?? '')),
  ],
  ['test score', lastScore, (run) => h('span', {}, sparkline(run), ' ', scoreText(run))],
  ['test loss', (run) => last(run)?.test?.loss ?? null, (run) => shown(last(run)?.test?.loss ?? Number.NaN)],
  [
    'epochs',
    ({ history }) => history.length,
    ({ history, config }) => `${history.length} of ${String(config['epochs'] ?? '?')}`,
  ],
  [
    'images/s',
    (run) => last(run)?.imagesPerSecond ?? null,
    (run) => shown(Math.round(last(run)?.imagesPerSecond ?? Number.NaN)),
  ],
  ['time', seconds, (run) => duration(seconds(run))],
];

/** All runs of a folder: sorted, filtered, chosen to compare. */
export function runsView(all: readonly RunReport[]): {
  readonly element: HTMLElement;
  update(runs: readonly RunReport[]): void;
} {
  let runs = all;
  let order = { column: 0, falling: false };
  let part = '';
  const chosen = new Set<string>();
  const body = h('tbody');
  const compare = h('button', { type: 'button', class: 'action', disabled: true, onclick: () => go() }, 'Compare');
  const go = (): void => {
    location.assign(`/?${[...chosen].map((name) => `run=${encodeURIComponent(name)}`).join('&')}`);
  };
  const tell = (): void => {
    compare.disabled = chosen.size < 2;
    compare.textContent = chosen.size < 2 ? 'Choose runs to compare' : `Compare ${chosen.size} runs`;
  };
  const draw = (): void => {
    const value = columns[order.column]?.[1];
    const shownRuns = runs
      .filter((run) =>
        columns.some(([, text]) =>
          String(text(run) ?? '')
            .toLowerCase()
            .includes(part),
        ),
      )
      .toSorted((a, b) => {
        const [x, y] = [value?.(a) ?? null, value?.(b) ?? null];
        const less =
          x === null || y === null
            ? x === y
              ? 0
              : x === null
                ? 1
                : -1
            : typeof x === 'number' && typeof y === 'number'
              ? x - y
              : String(x).localeCompare(String(y));
        return order.falling ? -less : less;
      });
    fill(
      body,
      shownRuns.map((run) =>
        h(
          'tr',
          {},
          h('td', {}, checkbox(run.name)),
          columns.map(([, , show], index) =>
            index === 0 ? h('th', { scope: 'row' }, show(run)) : h('td', {}, show(run)),
          ),
        ),
      ),
    );
  };
  const checkbox = (name: string): HTMLElement => {
    const box = h('input', {
      type: 'checkbox',
      'aria-label': `Compare ${name}`,
      onchange: () => {
        if (box.checked) chosen.add(name);
        else chosen.delete(name);
        tell();
      },
    });
    box.checked = chosen.has(name);
    return box;
  };
  const heads = columns.map(([name], column) => {
    const cell = h('th', { scope: 'col' });
    const sort = (): void => {
      order = { column, falling: order.column === column ? !order.falling : column > 3 };
      for (const other of heads) other.removeAttribute('aria-sort');
      cell.setAttribute('aria-sort', order.falling ? 'descending' : 'ascending');
      draw();
    };
    cell.append(h('button', { type: 'button', class: 'sort', onclick: sort }, name));
    return cell;
  });
  const filter = h('input', {
    type: 'search',
    placeholder: 'name, network, data',
    oninput: () => {
      part = filter.value.toLowerCase();
      draw();
    },
  });
  tell();
  draw();
  const element = section(
    'Runs',
    runs.length === 0 ? 'There is no run in this folder yet.' : undefined,
    h('div', { class: 'live' }, h('label', { class: 'choice' }, h('span', {}, 'Filter'), filter), compare),
    h(
      'div',
      { class: 'scroll runs', tabindex: 0, role: 'region', 'aria-label': 'Runs' },
      h('table', {}, h('thead', {}, h('tr', {}, h('td', {}), heads)), body),
    ),
  );
  return {
    element,
    update: (next) => {
      runs = next;
      draw();
    },
  };
}

const size = { width: 90, height: 22 } as const;

/** The test score by epoch as a small line. */
function sparkline(run: RunReport): Node {
  const name = scoreName(run);
  const values = run.history.flatMap((record) => testScore(record, name) ?? []);
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('width', String(size.width));
  svg.setAttribute('height', String(size.height));
  svg.setAttribute('aria-hidden', 'true');
  if (values.length < 2) return svg;
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const points = values.map((value, index) => {
    const x = 2 + (index * (size.width - 4)) / (values.length - 1);
    const y = size.height - 3 - ((value - low) / (high - low || 1)) * (size.height - 6);
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'polyline');
  line.setAttribute('points', points.join(' '));
  line.setAttribute('fill', 'none');
  line.setAttribute('stroke', colors(1)[0] ?? '');
  line.setAttribute('stroke-width', '2');
  svg.append(line);
  return svg;
}
