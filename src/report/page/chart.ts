import type { EChartsOption, EChartsType } from 'echarts';
import { h, type TableData, table } from './dom.js';
import { ink, onScheme } from './theme.js';

/** The library, which the page holds as a script of its own. */
declare const echarts: { init(element: HTMLElement, theme: null, options: object): EChartsType };

export interface ChartOptions {
  readonly title: string;
  /** What a person hears or reads who does not see the chart. */
  readonly summary: string;
  /** Made anew when light and dark change. */
  readonly option: () => EChartsOption;
  /** The same values as a table, for keyboard and screen reader. */
  readonly table: () => TableData;
  /** Pixels. */
  readonly height?: number;
  /** Whether the horizontal axis can be narrowed, by wheel, drag and buttons. */
  readonly zoom?: boolean;
  readonly onReady?: (chart: EChartsType) => void;
}

const charts = new Set<{ readonly host: HTMLElement; redraw(): void }>();
onScheme(() => {
  for (const each of charts) each.redraw();
});

/** Draws all charts anew, from their present values; zoom stays. */
export function updateCharts(): void {
  for (const each of charts) each.redraw();
}

/** A chart with a title, zoom and a table of its values. It is drawn when it comes into view for the first time. */
export function chart(options: ChartOptions): HTMLElement & { update?: () => void } {
  const { title, summary, height = 300, zoom = false } = options;
  const host = h('div', {
    class: 'plot',
    role: 'img',
    'aria-label': `${title}: ${summary}`,
    style: { height: `${height}px` },
  });
  let drawn: EChartsType | undefined;
  const redraw = (): void => {
    const { start, end } = rangeOf(drawn);
    drawn?.setOption(dressed(options.option(), zoom), { notMerge: true });
    if (zoom && (start !== 0 || end !== 100)) drawn?.dispatchAction({ type: 'dataZoom', start, end });
  };
  const observer = new ResizeObserver(() => {
    if (host.clientWidth === 0) return;
    if (drawn === undefined) {
      drawn = echarts.init(host, null, { renderer: 'svg' });
      redraw();
      options.onReady?.(drawn);
    } else drawn.resize();
  });
  observer.observe(host);
  charts.add({ host, redraw });
  const narrow = (factor: number): void => {
    const now = rangeOf(drawn);
    const middle = (now.start + now.end) / 2;
    const half = Math.min(50, ((now.end - now.start) / 2) * factor);
    const start = Math.max(0, Math.min(100 - 2 * half, middle - half));
    drawn?.dispatchAction({ type: 'dataZoom', start, end: start + 2 * half });
  };
  const button = (text: string, label: string, action: () => void): HTMLElement =>
    h('button', { type: 'button', class: 'small', 'aria-label': `${label}: ${title}`, onclick: action }, text);
  const values = h('details', { class: 'values' }, h('summary', {}, 'Values as a table'));
  values.addEventListener('toggle', () => {
    if (values.open && values.childElementCount === 1) values.append(table(options.table(), { caption: title }));
  });
  const figure: HTMLElement & { update?: () => void } = h(
    'figure',
    { class: 'chart' },
    h(
      'figcaption',
      {},
      h('h3', {}, title),
      zoom
        ? h(
            'div',
            { class: 'tools' },
            button('+', 'Zoom in', () => narrow(0.5)),
            button('−', 'Zoom out', () => narrow(2)),
            button('All', 'Show all', () => narrow(Number.POSITIVE_INFINITY)),
          )
        : null,
    ),
    host,
    values,
  );
  figure.update = () => {
    redraw();
    if (values.childElementCount > 1) values.lastElementChild?.replaceWith(table(options.table(), { caption: title }));
  };
  return figure;
}

/** The part of the horizontal axis that is shown, in percent. */
function rangeOf(drawn: EChartsType | undefined): { readonly start: number; readonly end: number } {
  const zooms = drawn?.getOption()?.['dataZoom'] as { start: number; end: number }[] | undefined;
  return { start: zooms?.[0]?.start ?? 0, end: zooms?.[0]?.end ?? 100 };
}

/** Adds what all charts share: fonts, colours, tooltips, zoom. */
function dressed(option: EChartsOption, zoom: boolean): EChartsOption {
  const { text, grid, surface } = ink();
  return {
    animation: false,
    // Widths are measured by the page's own font.
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: text },
    grid: { left: 4, right: 18, top: 34, bottom: 4, outerBoundsMode: 'same', outerBoundsContain: 'all' },
    ...option,
    tooltip: {
      confine: true,
      backgroundColor: surface,
      borderColor: grid,
      textStyle: { color: text },
      ...(option.tooltip as object | undefined),
    },
    ...(zoom ? { dataZoom: [{ type: 'inside', filterMode: 'none', zoomOnMouseWheel: 'ctrl' }] } : {}),
  };
}

/** An axis of numbers with its name in the middle. */
export function axis(name: string, more: object = {}, gap = 28): object {
  const { text, faint, grid } = ink();
  return {
    type: 'value',
    name,
    nameLocation: 'middle',
    nameGap: gap,
    nameTextStyle: { color: faint },
    axisLabel: { color: text, hideOverlap: true },
    axisLine: { show: true, onZero: false, lineStyle: { color: grid } },
    splitLine: { lineStyle: { color: grid } },
    ...more,
  };
}

/** A legend above the plot, with pages where there are many entries. */
export function legend(names: readonly string[]): object {
  const { text, faint } = ink();
  return {
    show: names.length > 1,
    type: 'scroll',
    data: [...names],
    icon: 'roundRect',
    itemWidth: 14,
    itemHeight: 10,
    top: 0,
    left: 0,
    itemGap: 14,
    textStyle: { color: text, width: 160, overflow: 'truncate' },
    pageTextStyle: { color: text },
    pageIconColor: text,
    pageIconInactiveColor: faint,
  };
}
