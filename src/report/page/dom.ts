/** Elements of the page. Texts are set as text, never as markup: a class may have any name. */

type Child = Node | string | number | false | null | undefined;
type Attributes = Readonly<Record<string, unknown>>;

/** An element with attributes, listeners (`onclick`) and children. */
export function h<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: readonly (Child | readonly Child[])[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (typeof value === 'function') element.addEventListener(name.slice(2), value as EventListener);
    else if (name === 'style') Object.assign(element.style, value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  put(element, ...children);
  return element;
}

/** Appends children; texts as text. */
export function put(element: Element, ...children: readonly (Child | readonly Child[])[]): void {
  for (const child of children.flat() as Child[]) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/** Replaces what an element holds. */
export function fill(element: Element, ...children: readonly (Child | readonly Child[])[]): void {
  element.replaceChildren();
  put(element, ...children);
}

/** A part of a page with a heading and, below it, a sentence that says what is seen. */
export function section(
  title: string,
  text: string | undefined,
  ...children: readonly (Child | readonly Child[])[]
): HTMLElement {
  return h(
    'section',
    { class: 'part' },
    h('h2', {}, title),
    text === undefined ? null : h('p', { class: 'lead' }, text),
    ...children,
  );
}

/** What a table shows; numbers are sorted and aligned as numbers. */
export interface TableData {
  readonly head: readonly string[];
  readonly rows: readonly (readonly (string | number | null)[])[];
}

/** A table whose columns sort on a click of their head. */
export function table({ head, rows }: TableData, { sortable = false, caption = '' } = {}): HTMLElement {
  const body = h('tbody');
  const show = (list: TableData['rows']): void =>
    fill(
      body,
      list.map((row) =>
        h(
          'tr',
          {},
          row.map((cell, column) =>
            column === 0
              ? h('th', { scope: 'row', dir: 'auto' }, cell ?? '–')
              : h(
                  'td',
                  { class: typeof cell === 'number' ? 'number' : '' },
                  typeof cell === 'number' ? shown(cell) : (cell ?? '–'),
                ),
          ),
        ),
      ),
    );
  let sorted = { column: -1, falling: false };
  const heads = head.map((name, column) => {
    const side = typeof rows.find((row) => row[column] !== null)?.[column] === 'number' ? 'number' : '';
    if (!sortable) return h('th', { scope: 'col', class: side }, name);
    const cell = h('th', { scope: 'col', class: side });
    const sort = (): void => {
      const falling = sorted.column === column ? !sorted.falling : typeof rows[0]?.[column] === 'number';
      sorted = { column, falling };
      const order = [...rows].sort((a, b) => compare(a[column] ?? null, b[column] ?? null) * (falling ? -1 : 1));
      for (const other of heads) other.removeAttribute('aria-sort');
      cell.setAttribute('aria-sort', falling ? 'descending' : 'ascending');
      show(order);
    };
    cell.append(h('button', { type: 'button', class: 'sort', onclick: sort }, name));
    return cell;
  });
  show(rows);
  return h(
    'div',
    { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': caption || 'table' },
    h(
      'table',
      {},
      caption === '' ? null : h('caption', { class: 'hidden' }, caption),
      h('thead', {}, h('tr', {}, heads)),
      body,
    ),
  );
}

function compare(a: string | number | null, b: string | number | null): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? -1 : 1;
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
}

/** A number with the digits that matter. */
export function shown(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  if (Number.isInteger(value)) return value.toLocaleString('en-US');
  const size = Math.abs(value);
  if (size < 1e-4) return value.toExponential(2);
  return size >= 1000 ? Math.round(value).toLocaleString('en-US') : String(Number(value.toPrecision(4)));
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(share === 1 || share === 0 ? 0 : 1)}%`;
}

/** Seconds as `42 s`, `3 min 05 s` or `1 h 02 min`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const two = (value: number): string => String(value).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}

/** A choice of one of several, with its label. */
export function choice(
  label: string,
  options: readonly (readonly [value: string, text: string])[],
  onChange: (value: string) => void,
): HTMLElement {
  const select = h(
    'select',
    { onchange: () => onChange(select.value) },
    options.map(([value, text]) => h('option', { value }, text)),
  );
  return h('label', { class: 'choice' }, h('span', {}, label), select);
}

/** Elements in a row or grid, moved between by arrow keys: only one of them is reached by Tab. */
export function roving(items: readonly HTMLElement[], columns: number): void {
  for (const [index, item] of items.entries()) {
    item.tabIndex = index === 0 ? 0 : -1;
    item.addEventListener('keydown', (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
      const next = step === undefined ? undefined : items[index + step];
      if (next === undefined) return;
      event.preventDefault();
      for (const other of items) other.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    });
  }
}
