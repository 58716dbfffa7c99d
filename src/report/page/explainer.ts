import type { ExplainerReport, ExplainerStep, RunReport } from '../types.js';
import { explain, type Grid, type Place, paddingBefore } from './arithmetic.js';
import { choice, fill, h, put, roving, section } from './dom.js';
import { channelOf, digits, mapCanvas, mark, type Shown, strongest } from './explainer-grid.js';
import { sumsOf } from './explainer-sums.js';
import { familyOf } from './network.js';
import { namesOf, unpack } from './pictures.js';
import { kindText, type Language, word } from './words.js';

/** Follows one image through the network, number by number. */
export function explainerView({ explainer, classes }: RunReport): HTMLElement {
  if (explainer === undefined)
    return section(
      'From pixels to a class',
      'The explainer needs the data of the run, and a network without models within it.',
    );
  const box = h('div');
  let language: Language = document.documentElement.lang === 'es' ? 'es' : 'en';
  const draw = (): void => fill(box, new Explainer(explainer, classes, language).element);
  const select = choice(
    'Language / Idioma',
    [
      ['en', 'English'],
      ['es', 'Español'],
    ],
    (value) => {
      language = value === 'es' ? 'es' : 'en';
      draw();
    },
  );
  const chosen = select.querySelector('select');
  if (chosen !== null) chosen.value = language;
  draw();
  return h('div', { class: 'explainer' }, select, box);
}

class Explainer {
  readonly element: HTMLElement;
  readonly #values = new Map<number, Grid>();
  readonly #weights = new Map<number, ArrayLike<number>>();
  readonly #detail = h('div', { class: 'detail' });
  readonly #buttons: HTMLElement[];
  #step = 0;
  #place: Place = { y: 0, x: 0, channel: 0 };
  #inputChannel = 0;

  constructor(
    private readonly report: ExplainerReport,
    private readonly classes: readonly string[],
    private readonly language: Language,
  ) {
    this.#buttons = report.steps.map((step, index) =>
      h(
        'button',
        {
          type: 'button',
          class: `step ${familyOf(step.type)}`,
          'aria-pressed': false,
          onclick: () => this.#choose(index),
        },
        h('strong', {}, step.name),
        h('span', {}, step.type),
        h('span', { class: 'shape' }, step.shape.join(' × ')),
      ),
    );
    roving(this.#buttons, this.#buttons.length);
    this.element = section(
      this.#word('title'),
      this.#word('lead'),
      h(
        'div',
        { class: 'steps' },
        h('img', { src: report.uri, alt: namesOf(classes, report.truth), class: 'large' }),
        h('div', { class: 'scroll line', role: 'group', 'aria-label': this.#word('layer') }, this.#buttons),
      ),
      this.#detail,
    );
    this.element.lang = language;
    const first = report.steps.findIndex(({ kind, values }) => kind === 'convolution' && values !== undefined);
    this.#choose(Math.max(first, 0));
  }

  #word(key: Parameters<typeof word>[0]): string {
    return word(key, this.language);
  }

  #grid(index: number): Grid | undefined {
    const packed = this.report.steps[index]?.values;
    if (packed === undefined) return undefined;
    const known = this.#values.get(index) ?? { shape: packed.shape, values: unpack(packed) };
    this.#values.set(index, known);
    return known;
  }

  #kernel(index: number): ArrayLike<number> | undefined {
    const packed = this.report.steps[index]?.kernel;
    if (packed === undefined) return undefined;
    const known = this.#weights.get(index) ?? unpack(packed);
    this.#weights.set(index, known);
    return known;
  }

  #choose(index: number): void {
    this.#step = index;
    for (const [other, button] of this.#buttons.entries()) button.setAttribute('aria-pressed', String(other === index));
    const output = this.#grid(index);
    const step = this.report.steps[index];
    if (step === undefined) return;
    this.#inputChannel = 0;
    const { shape = [] } = output ?? {};
    // The place that answers most shows most.
    const best = strongest(output);
    const [, width = 1, channels = 1] = shape;
    this.#place =
      shape.length === 1
        ? { y: 0, x: 0, channel: best }
        : {
            y: Math.floor(best / (width * channels)),
            x: Math.floor(best / channels) % width,
            channel: best % channels,
          };
    this.#draw(step, output);
  }

  #draw(step: ExplainerStep, output: Grid | undefined): void {
    const input = step.inputs[0] === undefined ? undefined : this.#grid(step.inputs[0]);
    const text = h('p', {}, kindText(step.kind, this.language));
    const window = step.window;
    const facts =
      window === undefined
        ? null
        : h(
            'p',
            { class: 'lead' },
            `${this.#word('window')} ${window.size.join(' × ')}, ${this.#word('stride')} ${window.strides.join(' × ')}, ${this.#word('padding')} ${window.padding}`,
          );
    if (output === undefined) {
      fill(this.#detail, h('h3', {}, step.name), text, facts, h('p', { class: 'lead' }, this.#word('tooLarge')));
      return;
    }
    const live = h('p', { class: 'result', 'aria-live': 'polite' });
    const sums = h('div', { class: 'sums' });
    const shown = channelOf(output, this.#place.channel);
    const field = mapCanvas(shown, this.#word('output'), 0, output.values.length);
    field.tabIndex = 0;
    field.setAttribute('role', 'group');
    field.setAttribute('aria-label', `${this.#word('output')}: ${this.#word('move')}`);
    const padding = input === undefined ? 0 : paddingOf(step, input);
    const inputBox = h('div');
    const show = (): void => this.#show(step, { input, output, shown, field, inputBox, padding, live, sums });
    const move = (y: number, x: number): void => {
      if (x < 0 || y < 0 || x >= shown.width || y >= shown.height) return;
      if (shown.wrapped) {
        const channel = y * shown.width + x;
        if (channel >= output.values.length) return;
        this.#place = { y: 0, x: 0, channel };
      } else this.#place = { ...this.#place, y, x };
      show();
    };
    field.addEventListener('pointermove', (event) => {
      const box = field.getBoundingClientRect();
      move(
        Math.floor(((event.clientY - box.top) / box.height) * shown.height),
        Math.floor(((event.clientX - box.left) / box.width) * shown.width),
      );
    });
    field.addEventListener('keydown', (event) => {
      const [dy, dx] = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key] ?? [
        0, 0,
      ];
      if (dy === 0 && dx === 0) return;
      event.preventDefault();
      const at = this.#cursor(shown);
      move(at.y + (dy ?? 0), at.x + (dx ?? 0));
    });
    const channels = shown.wrapped ? 1 : (output.shape[2] ?? 1);
    const picker = choice(
      this.#word('channel'),
      Array.from({ length: channels }, (_, channel) => [String(channel), String(channel)]),
      (value) => {
        this.#place = { ...this.#place, channel: Number(value) };
        this.#draw(step, output);
      },
    );
    const select = picker.querySelector('select');
    if (select !== null) select.value = String(this.#place.channel);
    const inputs = input?.shape.length === 3 && step.kind === 'convolution' ? (input.shape[2] ?? 1) : 1;
    const inputPicker = choice(
      this.#word('inputChannel'),
      Array.from({ length: inputs }, (_, channel) => [String(channel), String(channel)]),
      (value) => {
        this.#inputChannel = Number(value);
        show();
      },
    );
    fill(
      this.#detail,
      h('h3', {}, step.name),
      text,
      facts,
      h('div', { class: 'choices' }, channels > 1 ? picker : null, inputs > 1 ? inputPicker : null),
      h(
        'div',
        { class: 'fields' },
        input === undefined ? null : h('figure', {}, h('figcaption', {}, this.#word('input')), inputBox),
        h('figure', {}, h('figcaption', {}, this.#word('output')), field),
        h('div', { class: 'sum-box' }, live, sums),
      ),
    );
    show();
  }

  #cursor(shown: Shown): { readonly y: number; readonly x: number } {
    const { channel, y, x } = this.#place;
    return shown.wrapped ? { y: Math.floor(channel / shown.width), x: channel % shown.width } : { y, x };
  }

  #show(
    step: ExplainerStep,
    to: {
      readonly input: Grid | undefined;
      readonly output: Grid;
      readonly shown: Shown;
      readonly field: HTMLElement;
      readonly inputBox: HTMLElement;
      readonly padding: number;
      readonly live: HTMLElement;
      readonly sums: HTMLElement;
    },
  ): void {
    const { input, output, shown, padding } = to;
    mark(to.field, shown, 0, { top: this.#cursor(shown).y, left: this.#cursor(shown).x, height: 1, width: 1 });
    const grids = step.inputs.flatMap((index) => this.#grid(index) ?? []);
    const found =
      grids.length === step.inputs.length
        ? explain(step, this.#place, grids, this.#kernel(this.#step), output)
        : undefined;
    if (input !== undefined) {
      const channel =
        step.kind === 'convolution' ? this.#inputChannel : (found?.terms[0]?.channel ?? this.#place.channel);
      const from = channelOf(input, channel);
      const inputField = mapCanvas(from, this.#word('input'), padding, input.values.length);
      if (found !== undefined && !from.wrapped) {
        const [first] = found.terms;
        const { window } = found;
        mark(
          inputField,
          from,
          padding,
          window === undefined
            ? { top: first?.y ?? 0, left: first?.x ?? 0, height: 1, width: 1 }
            : {
                ...window,
                height: (window.height - 1) * window.dilation[0] + 1,
                width: (window.width - 1) * window.dilation[1] + 1,
              },
        );
      }
      fill(to.inputBox, inputField);
    }
    const own = this.#value(output);
    const { y, x, channel } = this.#place;
    const where = shown.wrapped
      ? this.#unit(step, channel)
      : `(${y}, ${x}), ${this.#word('channel').toLowerCase()} ${channel}`;
    fill(to.live, where, ' = ', h('strong', {}, digits(own)));
    fill(to.sums);
    if (found !== undefined)
      put(
        to.sums,
        sumsOf(step, found, {
          language: this.language,
          inputChannel: this.#inputChannel,
          unit: (channel) => this.#unit(step, channel),
        }),
      );
    else if (step.kernel !== undefined) put(to.sums, h('p', { class: 'lead' }, this.#word('notShown')));
  }

  #unit(step: ExplainerStep, channel: number): string {
    const named = step.shape.length === 1 && step.shape[0] === this.classes.length;
    return named ? (this.classes[channel] ?? String(channel)) : `[${channel}]`;
  }

  #value({ shape, values }: Grid): number {
    const { y, x, channel } = this.#place;
    return (shape.length === 1 ? values[channel] : values[(y * (shape[1] ?? 1) + x) * (shape[2] ?? 1) + channel]) ?? 0;
  }
}

/** Pixels around the input that windows reach into. */
function paddingOf({ window }: ExplainerStep, { shape }: Grid): number {
  if (window === undefined || shape.length !== 3) return 0;
  const [height = 1, width = 1] = shape;
  const reach = (axis: 0 | 1, size: number): number => {
    const before = paddingBefore(size, window.size[axis], window.strides[axis], window.padding, window.dilation[axis]);
    return window.padding === 'same' ? Math.max(before, (window.size[axis] - 1) * window.dilation[axis] - before) : 0;
  };
  return Math.min(8, Math.max(reach(0, height), reach(1, width)));
}
