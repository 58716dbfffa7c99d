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
  const bar = new LiveBar(data.stops === true ? data.token : undefined);
  const overview = h('div');
  const curves = h('div');
  const body = h('div');
  const looks = h('div');
  const drawLooks = (): void => fill(looks, data.gathers === true ? gatherView(run, data.token ?? '') : null);
  const draw = (): void => {
    const [first, ...rest] = tabsOf(run, true);
    if (first === undefined) return;
    fill(overview, overviewView(run));
    fill(
      curves,
      curvesView(() => [run]),
    );
    drawLooks();
    fill(body, tabs([{ ...first, make: () => h('div', {}, overview, curves) }, ...rest]));
  };
  draw();
  fill(
    root,
    heading({ ...data, title: name, runs: [run] }),
    location.search === '' ? null : h('p', {}, h('a', { href: '/' }, 'All runs')),
    bar.element,
    looks,
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
        drawLooks();
        fill(overview, overviewView(run));
        updateCharts();
      },
      () => bar.gone(),
    );
  });
  events.addEventListener('error', () => bar.gone());
  events.addEventListener('open', () => bar.back());
}

/** A button that asks for scores and pictures of a run that has ended, and what became of it. */
function gatherView(run: RunReport, token: string): HTMLElement | null {
  if (run.evaluation !== undefined || run.state === 'training' || run.history.length === 0) return null;
  const text = h('p', { class: 'about', role: 'status' });
  const working = 'Computing scores and pictures on the test images. The page shows them when they are there.';
  if (run.gathering === true) {
    text.textContent = working;
    return text;
  }
  const ask = (): void => {
    button.setAttribute('disabled', '');
    text.textContent = working;
    fetch(`/api/gather?name=${encodeURIComponent(run.name)}`, { method: 'POST', headers: { 'x-convoy-token': token } })
      .then(({ ok, status }) => {
        if (ok) return;
        button.removeAttribute('disabled');
        text.textContent =
          status === 409 ? 'Another run is being looked at. Try again then.' : `The server refused: ${status}`;
      })
      .catch((error: unknown) => {
        text.textContent = `The server does not answer: ${String(error)}`;
      });
  };
  const button = h('button', { type: 'button', class: 'action', onclick: ask }, 'Compute scores and pictures');
  return h('div', { class: 'live' }, button, text);
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
