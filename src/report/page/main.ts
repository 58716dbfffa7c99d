import type { PageData, RunReport } from '../types.js';
import { attentionView } from './attention.js';
import { cardView } from './card.js';
import { classesView, hasClasses } from './classes.js';
import { compareView } from './compare.js';
import { curvesView } from './curves.js';
import { h, put } from './dom.js';
import { explainerView } from './explainer.js';
import { imagesView } from './images.js';
import { networkView } from './network.js';
import { overviewView } from './overview.js';
import { spaceView } from './space.js';
import { type Tab, tabs } from './tabs.js';
import { themeButton } from './theme.js';

/** Shows the data that the page holds. */
export function main(): void {
  const source = document.getElementById('data');
  const data = JSON.parse(source?.textContent ?? '{}') as PageData;
  const [run] = data.runs;
  const root = document.getElementById('page');
  if (run === undefined || root === null) return;
  put(
    root,
    heading(data),
    data.runs.length === 1 ? tabs(tabsOf(run)) : h('div', { class: 'panel' }, compareView(data.runs)),
    footer(data),
  );
}

/**
 * The parts of a report of one run.
 *
 * @param filled only those that have something to show: a run that is followed has no scores by class yet.
 */
export function tabsOf(run: RunReport, filled = false): Tab[] {
  const { evaluation, looks, network, explainer } = run;
  const list: readonly (readonly [there: boolean, tab: Tab])[] = [
    [
      true,
      {
        id: 'overview',
        name: 'Overview',
        make: () =>
          h(
            'div',
            {},
            overviewView(run),
            curvesView(() => [run]),
          ),
      },
    ],
    [
      evaluation !== undefined && hasClasses(evaluation),
      { id: 'classes', name: 'Classes', make: () => classesView(run) },
    ],
    [
      evaluation !== undefined || looks?.augmented !== undefined,
      { id: 'images', name: 'Images', make: () => imagesView(run) },
    ],
    [(looks?.images.length ?? 0) > 0, { id: 'attention', name: 'Attention', make: () => attentionView(run) }],
    [(looks?.projections.length ?? 0) > 0, { id: 'space', name: 'Feature space', make: () => spaceView(run) }],
    [
      network !== undefined || run.histograms.length > 0,
      { id: 'network', name: 'Network', make: () => networkView(run) },
    ],
    [explainer !== undefined, { id: 'explainer', name: 'Explainer', make: () => explainerView(run) }],
    [true, { id: 'card', name: 'Model card', make: () => cardView(run) }],
  ];
  return list.flatMap(([there, tab]) => (there || !filled ? [tab] : []));
}

/** Name, network and data, and the switch of light and dark. */
export function heading({ title, runs }: PageData): HTMLElement {
  const [run] = runs;
  const state = { training: 'training', ended: 'ended', stopped: 'ended early', unfinished: 'not ended' } as const;
  const model = run?.config['model'] as { name?: string } | undefined;
  const about =
    runs.length === 1 && run !== undefined
      ? [
          run.network?.name ?? model?.name,
          `on ${String((run.record?.['dataset'] as { name?: string })?.name ?? run.config['dataset'] ?? '')}`,
          state[run.state],
        ]
      : [`${runs.length} runs`];
  return h(
    'header',
    { class: 'top' },
    h(
      'div',
      {},
      h('h1', { dir: 'auto' }, title),
      h('p', { class: 'about', dir: 'auto' }, about.filter(Boolean).join(' · ')),
    ),
    themeButton((onclick) => h('button', { type: 'button', class: 'theme', onclick })),
  );
}

export function footer({ version }: PageData): HTMLElement {
  return h('footer', {}, `Made by convoy ${version}.`);
}
