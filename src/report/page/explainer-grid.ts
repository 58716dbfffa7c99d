import type { Grid, Window } from './arithmetic.js';
import { h } from './dom.js';
import { paint } from './pictures.js';

/** A channel of a map as an image, or a vector wrapped into rows. */
export interface Shown {
  readonly width: number;
  readonly height: number;
  readonly values: Float32Array;
  /** A vector: what stands at a place is the channel. */
  readonly wrapped: boolean;
}

const wrap = 32;

/** One channel of a value; of a vector all of it. */
export function channelOf({ shape, values }: Grid, channel: number): Shown {
  if (shape.length === 1) {
    const [count = 1] = shape;
    const width = Math.min(wrap, count);
    return { width, height: Math.ceil(count / width), values: Float32Array.from(values), wrapped: true };
  }
  const [height = 1, width = 1, channels = 1] = shape;
  const own = Float32Array.from({ length: height * width }, (_, i) => values[i * channels + channel] ?? 0);
  return { width, height, values: own, wrapped: false };
}

/** A map as a picture, with padding around it where a window reaches beyond its edges. */
export function mapCanvas(shown: Shown, label: string, padding = 0, limit?: number): HTMLElement {
  const { width, height, values } = shown;
  const canvas = h('canvas', { class: 'map-canvas', role: 'img', 'aria-label': label });
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const span = high - low || 1;
  const count = limit ?? values.length;
  paint(
    canvas,
    Float32Array.from({ length: width * height }, (_, i) => (i < count ? ((values[i] ?? low) - low) / span : 0)),
    { width, height },
  );
  const [wide, tall] = [width + 2 * padding, height + 2 * padding];
  const side = Math.min(270, Math.max(150, 12 * Math.max(wide, tall)));
  const scale = side / Math.max(wide, tall);
  Object.assign(canvas.style, {
    left: `${(100 * padding) / wide}%`,
    top: `${(100 * padding) / tall}%`,
    width: `${(100 * width) / wide}%`,
    height: `${(100 * height) / tall}%`,
  });
  return h(
    'div',
    {
      class: padding > 0 ? 'field padded' : 'field',
      style: { width: `${wide * scale}px`, aspectRatio: `${wide} / ${tall}` },
    },
    canvas,
  );
}

/** Marks a part of a field. */
export function mark(
  field: HTMLElement,
  shown: Shown,
  padding: number,
  part: Pick<Window, 'top' | 'left' | 'height' | 'width'>,
): void {
  const [wide, tall] = [shown.width + 2 * padding, shown.height + 2 * padding];
  let frame = field.querySelector<HTMLElement>('.frame');
  if (frame === null) {
    frame = h('div', { class: 'frame' });
    field.append(frame);
  }
  Object.assign(frame.style, {
    left: `${(100 * (part.left + padding)) / wide}%`,
    top: `${(100 * (part.top + padding)) / tall}%`,
    width: `${(100 * part.width) / wide}%`,
    height: `${(100 * part.height) / tall}%`,
  });
}

/** A small matrix of numbers, shaded by sign and size. */
export function numbers(title: string, rows: readonly (readonly (number | undefined)[])[]): HTMLElement {
  const far = Math.max(1e-12, ...rows.flat().map((value) => Math.abs(value ?? 0)));
  return h(
    'figure',
    { class: 'numbers' },
    h('figcaption', {}, title),
    h(
      'table',
      {},
      h(
        'tbody',
        {},
        rows.map((row) =>
          h(
            'tr',
            {},
            row.map((value) => {
              if (value === undefined) return h('td', { class: 'beyond', title: '0' }, '0');
              const cell = h('td', { class: value < 0 ? 'negative' : 'positive' }, digits(value));
              cell.style.setProperty('--share', `${Math.round((38 * Math.abs(value)) / far)}%`);
              return cell;
            }),
          ),
        ),
      ),
    ),
  );
}

/** A number in few characters. */
export function digits(value: number): string {
  const size = Math.abs(value);
  if (value === 0) return '0';
  if (size < 0.001) return value.toExponential(0).replace('-', '−');
  return (size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : value.toFixed(3)).replace('-', '−');
}

/** Place of the largest value. */
export function strongest(grid: Grid | undefined): number {
  const values = Array.from(grid?.values ?? []);
  return Math.max(0, values.indexOf(values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY)));
}
