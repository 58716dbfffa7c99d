import type { LiveStatus, RunReport } from '../types.js';
import { axis, chart } from './chart.js';
import { fill, h, percent, shown } from './dom.js';
import { colors } from './theme.js';

/** Values of the last minutes that the chart of throughput holds. */
const kept = 480;

/** How far a run is, how fast, what its workers do, and a button that stops it. */
export class LiveBar {
  readonly element: HTMLElement;
  readonly #text = h('p', { class: 'about', role: 'status', style: { margin: '0' } });
  readonly #bar = h('span');
  readonly #progress = h(
    'div',
    {
      class: 'progress',
      role: 'progressbar',
      'aria-label': 'Epoch',
      'aria-valuemin': 0,
      'aria-valuemax': 100,
      'aria-valuenow': 0,
    },
    this.#bar,
  );
  readonly #load = h('div', { class: 'loads' });
  readonly #speeds: (readonly [number, number])[] = [];
  readonly #chart: HTMLElement & { update?: () => void };
  readonly #button: HTMLElement;
  #running = false;

  constructor(token: string | undefined) {
    this.#button = h(
      'button',
      { type: 'button', class: 'action danger', hidden: true, onclick: () => this.#stop(token) },
      'Stop with a checkpoint',
    );
    this.#chart = chart({
      title: 'Images per second, now',
      summary: 'the throughput of the last minutes',
      height: 150,
      option: () => ({
        tooltip: { trigger: 'axis' },
        xAxis: axis('', { scale: true, axisLabel: { show: false }, splitLine: { show: false } }),
        yAxis: axis('', { min: 0, splitNumber: 3 }),
        series: [
          {
            name: 'images/s',
            type: 'line',
            symbol: 'none',
            color: colors(1)[0] ?? '',
            areaStyle: { opacity: 0.15 },
            data: this.#speeds.map(([x, y]) => [x, Math.round(y)]),
          },
        ],
      }),
      table: () => ({
        head: ['message', 'images/s'],
        rows: this.#speeds.slice(-20).map(([x, y]) => [String(x), Math.round(y)]),
      }),
    });
    this.#chart.hidden = true;
    this.#load.hidden = true;
    this.element = h(
      'div',
      {},
      h('div', { class: 'live' }, this.#text, this.#progress, token === undefined ? null : this.#button),
      h('div', { class: 'grid two' }, this.#chart, this.#load),
    );
  }

  /** By the run's files: whether it trains. */
  state(run: RunReport): void {
    const texts = {
      training: 'Training',
      ended: 'The run has ended.',
      stopped: 'The run has ended early.',
      unfinished: 'The run was broken off; --resume goes on with it.',
    };
    if (run.state === 'training' && this.#running) return;
    this.#text.textContent = texts[run.state];
    this.#running = false;
    this.#button.hidden = run.state !== 'training';
    this.#progress.hidden = true;
  }

  update(status: LiveStatus): void {
    if (status.state !== 'training') {
      this.#running = false;
      this.#button.hidden = true;
      this.#progress.hidden = true;
      this.#text.textContent =
        status.state === 'ended' ? 'The run has ended.' : `The run has stopped: ${status.error ?? ''}`;
      return;
    }
    this.#running = true;
    this.#button.hidden = false;
    this.#progress.hidden = false;
    this.#chart.hidden = false;
    this.#load.hidden = false;
    const share = status.total === 0 ? 0 : status.done / status.total;
    this.#bar.style.width = percent(share);
    this.#progress.setAttribute('aria-valuenow', String(Math.round(100 * share)));
    const doing = status.phase === 'training' ? '' : ', evaluating';
    this.#text.textContent = `Epoch ${status.epoch} of ${status.epochs}${doing}: loss ${shown(status.loss)}${status.accuracy === 0 ? '' : `, accuracy ${percent(status.accuracy)}`}, ${shown(Math.round(status.imagesPerSecond))} images/s`;
    this.#speeds.push([(this.#speeds.at(-1)?.[0] ?? 0) + 1, status.imagesPerSecond]);
    if (this.#speeds.length > kept) this.#speeds.shift();
    this.#chart.update?.();
    const meter = (name: string, value: number): HTMLElement =>
      h(
        'li',
        {},
        h('span', {}, name),
        h('span', { class: 'meter' }, h('span', { style: { width: percent(value) } })),
        h('span', { class: 'number' }, percent(value)),
      );
    if (status.load.length === 0) return;
    fill(
      this.#load,
      h('h3', {}, 'Load of the workers'),
      h(
        'ul',
        { class: 'bars' },
        status.load.map((value, index) => meter(`worker ${index + 1}`, value)),
        meter('waiting for data', status.waiting),
      ),
    );
  }

  /** The server does not answer any more. */
  gone(): void {
    if (this.#text.textContent?.includes('server') === true) return;
    this.#button.hidden = true;
    this.#text.textContent = `${this.#text.textContent ?? ''} The server does not answer; the page keeps what it has.`;
  }

  back(): void {
    this.#text.textContent = (this.#text.textContent ?? '').replace(
      ' The server does not answer; the page keeps what it has.',
      '',
    );
  }

  #stop(token: string | undefined): void {
    this.#button.setAttribute('disabled', '');
    this.#button.textContent = 'Stopping after this step';
    fetch('/api/stop', { method: 'POST', headers: { 'x-convoy-token': token ?? '' } }).catch(() => this.gone());
  }
}
