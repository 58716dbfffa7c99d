import { scaleColor } from '../../base/color-scale.js';
import type { Packed, SampleReport, Sheet } from '../types.js';
import { h, percent } from './dom.js';

/** One picture of a sheet, `side` pixels on its longer side. */
export function picture(sheet: Sheet, index: number, side: number, label: string): HTMLElement {
  const { width, height, columns, uri, count } = sheet;
  const zoom = side / Math.max(width, height);
  const rows = Math.ceil(count / columns);
  return h('span', {
    class: 'picture',
    role: 'img',
    'aria-label': label,
    style: {
      width: `${width * zoom}px`,
      height: `${height * zoom}px`,
      backgroundImage: `url("${uri}")`,
      backgroundSize: `${width * columns * zoom}px ${height * rows * zoom}px`,
      backgroundPosition: `${-(index % columns) * width * zoom}px ${-Math.floor(index / columns) * height * zoom}px`,
      imageRendering: zoom >= 1.5 ? 'pixelated' : 'auto',
    },
  });
}

/** Names of classes, separated by commas. */
export function namesOf(classes: readonly string[], labels: readonly number[]): string {
  return labels.length === 0 ? 'none' : labels.map((label) => classes[label] ?? String(label)).join(', ');
}

/** Whether the most likely class is the true one. */
export function isRight({ truth, likely }: SampleReport): boolean {
  return truth.length === 1 && truth[0] === likely[0]?.[0];
}

/** A picture with its true and its predicted class. */
export function sampleCard(
  sheet: Sheet,
  index: number,
  sample: SampleReport,
  classes: readonly string[],
  several = false,
): HTMLElement {
  const truth = namesOf(classes, sample.truth);
  const said = several
    ? sample.likely
        .filter(([, share]) => share >= 0.5)
        .map(([label]) => classes[label] ?? String(label))
        .join(', ') || 'none'
    : namesOf(
        classes,
        sample.likely.slice(0, 1).map(([label]) => label),
      );
  const share = sample.likely[0]?.[1] ?? 0;
  const right = several ? said === truth : isRight(sample);
  const list = sample.likely.map(([label, value]) => `${classes[label] ?? label} ${percent(value)}`).join(', ');
  return h(
    'figure',
    { class: 'sample', title: list },
    picture(sheet, index, 96, `${truth}, predicted ${said}, ${percent(share)}`),
    h(
      'figcaption',
      {},
      h('span', { class: 'truth', dir: 'auto' }, truth),
      h(
        'span',
        { class: right ? 'right' : 'wrong', dir: 'auto' },
        `${right ? '✓' : '✗'} ${said} ${several ? '' : percent(share)}`,
      ),
    ),
  );
}

/** Numbers of packed base64. */
export function unpack({ type, base64 }: Packed): Float32Array | Uint8Array {
  const text = atob(base64);
  const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  return type === 'uint8' ? bytes : new Float32Array(bytes.buffer);
}

/** Draws values from 0 to 1 as colours. */
export function paint(
  canvas: HTMLCanvasElement,
  values: ArrayLike<number>,
  size: { readonly width: number; readonly height: number; readonly twoSided?: boolean },
): void {
  const { width, height, twoSided = false } = size;
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  if (context === null) return;
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    image.data.set([...scaleColor(values[i] ?? 0, twoSided), 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
}

/** The colours from smallest to largest, with their values. */
export function colorScale(low: string, high: string, twoSided = false): HTMLElement {
  const stops = Array.from({ length: 12 }, (_, i) => `rgb(${scaleColor(i / 11, twoSided).join(' ')})`);
  return h(
    'div',
    { class: 'scale' },
    h('span', {}, low),
    h('span', { class: 'bar', style: { background: `linear-gradient(to right, ${stops.join(', ')})` } }),
    h('span', {}, high),
  );
}
