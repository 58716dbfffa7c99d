/** Look before you train: a picture of samples and what the transforms make of them. */
import sharp, { type OverlayOptions } from 'sharp';
import { valueError } from '../../src/base/errors.js';
import { type Dataset, imageBytes } from '../../src/contracts/index.js';
import type { AugmentSpec } from '../spec/index.js';
import { Renderer } from './renderer.js';
import { windowSizes } from './windows.js';

interface AugmentGridOptions {
  /** Augmented versions of each, 6 by default: those of as many epochs. */
  readonly versions?: number;
  readonly seed?: number;
}

/** Side that small images are enlarged to, at least. */
const cellSide = 96;
const gap = 8;
const labelHeight = 18;
/** Width of a letter of the labels, about. */
const letterWidth = 7;

const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** Class names of a sample, cut to what fits `width` pixels. */
function labelOf(dataset: Dataset, sample: number, width: number): string {
  const { targets, classes } = dataset;
  const name =
    targets.kind === 'classes'
      ? (classes[targets.labels[sample] ?? -1] ?? '?')
      : classes.filter((_, index) => (targets.values[sample * classes.length + index] ?? 0) >= 0.5).join(', ') ||
        'none';
  const longest = Math.floor(width / letterWidth);
  return name.length > longest ? `${name.slice(0, longest - 1)}…` : name;
}

/**
 * Draws a PNG: one row for each of `samples`, the original first, then its augmented versions, labels under them.
 *
 * @throws ConvoyError `CONVOY_OPTION` for counts out of range, `CONVOY_DATA` for an image that cannot be decoded.
 */
export async function renderGrid(
  dataset: Dataset,
  spec: AugmentSpec,
  samples: Uint32Array,
  { versions = 6, seed = 0 }: AugmentGridOptions = {},
): Promise<Buffer> {
  if (!Number.isInteger(versions) || versions < 1 || versions > 32)
    throw valueError('versions', 'an integer from 1 to 32', versions);
  const rows = samples.length;
  const columns = await renderColumns(dataset, spec, samples, versions, seed);

  const { width, height, channels } = dataset.shape;
  const zoom = Math.max(1, Math.ceil(cellSide / Math.max(width, height)));
  const pitchX = width * zoom + gap;
  const pitchY = height * zoom + labelHeight + gap;
  const cells: OverlayOptions[] = [];
  const bytes = imageBytes(dataset.shape);
  for (let row = 0; row < rows; row++) {
    for (const [column, pixels] of columns.entries()) {
      const raw = { width, height, channels: channels === 1 ? 1 : 3 } as const;
      const input = await sharp(Buffer.from(pixels.subarray(row * bytes, (row + 1) * bytes)), { raw })
        .resize(width * zoom, height * zoom, { kernel: 'nearest' })
        .png()
        .toBuffer();
      cells.push({ input, left: gap + column * pitchX, top: gap + row * pitchY });
    }
  }
  const size = { width: gap + columns.length * pitchX, height: gap + rows * pitchY };
  const texts = Array.from(samples, (sample, row) => {
    const y = gap + row * pitchY + height * zoom + labelHeight - 5;
    const text = (column: number, content: string, fill: string): string =>
      `<text x="${gap + column * pitchX + (width * zoom) / 2}" y="${y}" fill="${fill}">${escapeText(content)}</text>`;
    const label = text(0, labelOf(dataset, sample, width * zoom), '#111');
    return (
      label + Array.from({ length: versions }, (_, version) => text(version + 1, `epoch ${version}`, '#777')).join('')
    );
  });
  const overlay =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}">` +
    `<g font-family="sans-serif" font-size="12" text-anchor="middle">${texts.join('')}</g></svg>`;
  return await sharp({ create: { ...size, channels: 3, background: '#fff' } })
    .composite([...cells, { input: Buffer.from(overlay), left: 0, top: 0 }])
    .removeAlpha()
    .png()
    .toBuffer();
}

/** Pixels of the chosen samples: as they are, then of each version. */
async function renderColumns(
  dataset: Dataset,
  transforms: AugmentSpec,
  samples: Uint32Array,
  versions: number,
  seed: number,
): Promise<Uint8Array[]> {
  const setup = { dataset, seed };
  const plain = new Renderer({ ...setup, transforms: [] });
  const augmented = new Renderer({ ...setup, transforms });
  const windowSize = Math.min(windowSizes(dataset, []).windowSize, windowSizes(dataset, transforms).windowSize);
  const render = async (renderer: Renderer, epoch: number): Promise<Uint8Array> => {
    const pixels = new Uint8Array(samples.length * imageBytes(dataset.shape));
    for (let start = 0; start < samples.length; start += windowSize) {
      const window = samples.slice(start, start + windowSize);
      await renderer.render(epoch, start / windowSize, window, pixels.subarray(start * imageBytes(dataset.shape)));
    }
    return pixels;
  };
  const columns = [await render(plain, 0)];
  for (let version = 0; version < versions; version++) columns.push(await render(augmented, version));
  return columns;
}
