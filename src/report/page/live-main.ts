import type { LiveStatus, PageData, RunReport } from '../types.js';
import { updateCharts } from './chart.js';
import { compareView } from './compare.js';
import { curvesView } from './curves.js';
import { fill, h, put } from './dom.js';
import { LiveBar } from './live-bar.js';
import { footer, heading, tabsOf } from './main.js';
import { overviewView } from './overview.js';
import { runsView } from './runs.js';
import { tabs } from './tabs.js';

/** The page of a server: one run, several compared, or the list of all. */
export function main(): void {
  const data = JSON.parse(document.getElementById('data')?.textContent ?? '{}') as PageData;
  const root = document.getElementById('page');
  if (root === null) return;
  const wanted = new URL(location.href).searchParams.getAll('run');
  show(root, data, wanted).catch((error: unknown) => {
    fill(root, h('p', { class: 'notes', role: 'alert' }, `The server does not answer: ${String(error)}`));
  });
}

async function get<Value>(path: string): Promise<Value> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return (await response.json()) as Value;
}

const runPath = (name: string): string => `/api/run?name=${encodeURIComponent(name)}`;

async function show(root: HTMLElement, data: PageData, wanted: readonly string[]): Promise<void> {
  const all = await get<RunReport[]>('/api/runs');
  const events = new EventSource('/api/events');
  const [only] = all;
  const named = wanted.length === 0 && all.length === 1 && only !== undefined ? [only.name] : wanted;
  if (named.length === 1 && named[0] !== undefined) return showRun(root, data, named[0], events);
  if (named.length > 1) return showComparison(root, data, named, events);
  showList(root, data, all, events);
}

async function showRun(root: HTMLElement, data: PageData, name: string, events: EventSource): Promise<void> {
  let run = await get<RunReport>(runPath(name));
  const bar = new LiveBar(data.token);
  const overview = h('div');
  const curves = h('div');
  const body = h('div');
  const draw = (): void => {
    const [first, ...rest] = tabsOf(run, true);
    if (first === undefined) return;
    fill(overview, overviewView(run));
    fill(
      curves,
      curvesView(() => [run]),
    );
    fill(body, tabs([{ ...first, make: () => h('div', {}, overview, curves) }, ...rest]));
  };
  draw();
  fill(
    root,
    heading({ ...data, title: name, runs: [run] }),
    location.search === '' ? null : h('p', {}, h('a', { href: '/' }, 'All runs')),
    bar.element,
    body,
    footer(data),
  );
  bar.state(run);
  events.addEventListener('status', (event) => bar.update(JSON.parse(event.data) as LiveStatus));
  events.addEventListener('change', (event) => {
    if ((JSON.parse(event.data) as { name: string }).name !== name) return;
    get<RunReport>(runPath(name)).then(
      (next) => {
        const before = run;
        run = next;
        bar.state(run);
        // Charts are kept, with their zoom; other parts are made anew where they have changed.
        const more = (['evaluation', 'network', 'looks', 'explainer'] as const).some(
          (key) => (before[key] === undefined) !== (next[key] === undefined),
        );
        if (more || before.history.length === 0) return draw();
        fill(overview, overviewView(run));
        updateCharts();
      },
      () => bar.gone(),
    );
  });
  events.addEventListener('error', () => bar.gone());
  events.addEventListener('open', () => bar.back());
}

async function showComparison(
  root: HTMLElement,
  data: PageData,
  names: readonly string[],
  events: EventSource,
): Promise<void> {
  const read = (): Promise<RunReport[]> => Promise.all(names.map((name) => get<RunReport>(runPath(name))));
  const box = h('div', { class: 'panel' });
  const runs = await read();
  fill(box, compareView(runs));
  put(
    root,
    heading({ ...data, title: 'Comparison of runs', runs }),
    h('p', {}, h('a', { href: '/' }, 'All runs')),
    box,
    footer(data),
  );
  events.addEventListener('change', (event) => {
    if (!names.includes((JSON.parse(event.data) as { name: string }).name)) return;
    read().then(
      (now) => fill(box, compareView(now)),
      () => undefined,
    );
  });
}

function showList(root: HTMLElement, data: PageData, all: readonly RunReport[], events: EventSource): void {
  const view = runsView(all);
  put(root, heading({ ...data, runs: all }), view.element, footer(data));
  events.addEventListener('change', () => {
    get<RunReport[]>('/api/runs').then(view.update, () => undefined);
  });
}
