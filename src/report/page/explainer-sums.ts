import type { ExplainerStep } from '../types.js';
import type { Explained, Term } from './arithmetic.js';
import { h, put } from './dom.js';
import { digits, numbers } from './explainer-grid.js';
import { type Language, word } from './words.js';

/** What the sums of an output are told with. */
interface About {
  readonly language: Language;
  /** The input channel of a convolution whose products are shown. */
  readonly inputChannel: number;
  /** Name of an output of a vector. */
  readonly unit: (channel: number) => string;
}

/** Contributions that are listed of a sum with many terms. */
const listed = 12;

/** Window, kernel and products as matrices, or the largest contributions as a list; then the sum. */
export function sumsOf(step: ExplainerStep, found: Explained, about: About): HTMLElement {
  const box = h('div');
  const say = (key: Parameters<typeof word>[0]): string => word(key, about.language);
  const { window, terms, bias, sum, result } = found;
  if (window !== undefined && window.height * window.width <= 64) {
    const channel = step.kind === 'convolution' ? about.inputChannel : (terms[0]?.channel ?? 0);
    const matrix = (value: (term: Term) => number): (number | undefined)[][] =>
      Array.from({ length: window.height }, (_, row) =>
        Array.from({ length: window.width }, (_, column) => {
          const y = window.top + row * window.dilation[0];
          const x = window.left + column * window.dilation[1];
          const term = terms.find((each) => each.y === y && each.x === x && each.channel === channel);
          return term === undefined ? undefined : value(term);
        }),
      );
    const weighted = step.kind !== 'max-pooling';
    put(
      box,
      h(
        'div',
        { class: 'matrices' },
        numbers(
          say('window'),
          matrix((term) => term.input),
        ),
        weighted ? h('span', { class: 'sign' }, '×') : null,
        weighted
          ? numbers(
              say('kernel'),
              matrix((term) => term.weight),
            )
          : null,
        weighted ? h('span', { class: 'sign' }, '=') : null,
        weighted
          ? numbers(
              say('products'),
              matrix((term) => term.input * term.weight),
            )
          : null,
      ),
    );
    if (step.kind === 'convolution') {
      const part = terms
        .filter((term) => term.channel === channel)
        .reduce((all, term) => all + term.input * term.weight, 0);
      const rest = sum - part - (bias ?? 0);
      put(
        box,
        line(
          [
            [`${say('thisChannel')} (${channel})`, part],
            [say('otherChannels'), rest],
            ...(bias === undefined ? [] : ([[say('bias'), bias]] as const)),
          ],
          sum,
          say('sum'),
        ),
      );
    } else put(box, line([], sum, say(step.kind === 'max-pooling' ? 'largest' : 'mean')));
  } else put(box, listOf(step, found, about));
  if (step.activation !== undefined && step.activation !== 'linear')
    put(box, h('p', { class: 'formula' }, `${step.activation}(${digits(sum)}) = `, h('strong', {}, digits(result))));
  return box;
}

/** The largest contributions to a sum of many. */
function listOf(step: ExplainerStep, { terms, bias, sum, result }: Explained, about: About): HTMLElement {
  const say = (key: Parameters<typeof word>[0]): string => word(key, about.language);
  const softmax = step.kind === 'softmax';
  const size = (term: Term): number => Math.abs(softmax ? term.weight : term.input * term.weight);
  const order = [...terms].sort((a, b) => size(b) - size(a));
  const rest = order.slice(listed).reduce((all, term) => all + term.input * term.weight, 0);
  const name = (term: Term): string =>
    softmax ? about.unit(term.channel) : step.inputs.length > 1 ? '+' : `[${term.channel}]`;
  const heads = softmax ? ['', say('value'), 'softmax'] : ['', say('value'), say('weight'), say('product')];
  const row = (cells: readonly string[]): HTMLElement =>
    h(
      'tr',
      {},
      cells.map((cell, index) =>
        index === 0 ? h('th', { scope: 'row', dir: 'auto' }, cell) : h('td', { class: 'number' }, cell),
      ),
    );
  return h(
    'div',
    {},
    h(
      'table',
      { class: 'contributions' },
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          heads.map((head) => h('th', { scope: 'col' }, head)),
        ),
      ),
      h(
        'tbody',
        {},
        order
          .slice(0, listed)
          .map((term) =>
            row(
              softmax
                ? [name(term), digits(term.input), digits(term.weight)]
                : [name(term), digits(term.input), digits(term.weight), digits(term.input * term.weight)],
            ),
          ),
        !softmax && order.length > listed
          ? row([`${say('rest')} (${order.length - listed})`, '', '', digits(rest)])
          : null,
        bias === undefined ? null : row([say('bias'), '', '', digits(bias)]),
      ),
    ),
    h('p', { class: 'formula' }, `${say('sum')} = `, h('strong', {}, digits(softmax ? result : sum))),
  );
}

function line(parts: readonly (readonly [string, number])[], total: number, name: string): HTMLElement {
  const text = parts.map(([part, value]) => `${digits(value)} (${part})`).join(' + ');
  return h('p', { class: 'formula' }, text === '' ? `${name} = ` : `${text} = `, h('strong', {}, digits(total)));
}
