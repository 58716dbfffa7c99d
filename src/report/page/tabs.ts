import { h, roving } from './dom.js';

export interface Tab {
  readonly id: string;
  readonly name: string;
  readonly make: () => HTMLElement;
}

/** Tabs by the pattern of WAI-ARIA: arrow keys choose, the address keeps the choice. */
export function tabs(list: readonly Tab[]): HTMLElement {
  const panels = list.map(({ id }) =>
    h('div', {
      id: `panel-${id}`,
      class: 'panel',
      role: 'tabpanel',
      'aria-labelledby': `tab-${id}`,
      tabindex: 0,
      hidden: true,
    }),
  );
  const choose = (index: number, keep = true): void => {
    for (const [other, panel] of panels.entries()) {
      panel.hidden = other !== index;
      buttons[other]?.setAttribute('aria-selected', String(other === index));
      if (buttons[other] !== undefined) buttons[other].tabIndex = other === index ? 0 : -1;
    }
    const [tab, panel] = [list[index], panels[index]];
    if (tab === undefined || panel === undefined) return;
    if (panel.childElementCount === 0) panel.append(tab.make());
    if (keep) history.replaceState(null, '', `#${tab.id}`);
    buttons[index]?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  };
  const buttons = list.map(({ id, name }, index) =>
    h(
      'button',
      {
        id: `tab-${id}`,
        type: 'button',
        role: 'tab',
        'aria-controls': `panel-${id}`,
        onclick: () => choose(index),
        onfocus: () => choose(index),
      },
      name,
    ),
  );
  roving(buttons, buttons.length);
  const named = list.findIndex(({ id }) => `#${id}` === location.hash);
  choose(Math.max(0, named), false);
  return h(
    'div',
    {},
    h('div', { class: 'tabs' }, h('div', { role: 'tablist', 'aria-label': 'Parts of the report' }, buttons)),
    panels,
  );
}
