/**
 * Mosaics: many small images, one call of sharp.
 *
 * sharp costs about a millisecond a call on a thumbnail, whatever the size, and nearly nothing of it is pixels. So
 * images that share a matrix are laid out on one canvas, the canvas is transformed once, and each image's window is cut
 * out at the place its centre went to.
 *
 * - Between two images lies one pixel of nothing (`border: 'zero'`) or four of repeated edge (`'edge'`). The cut takes,
 *   row by row, only the span whose source lies within one pixel of the image, where bilinear interpolation reads the
 *   image and its own border alone: neighbours cannot bleed in, whatever the matrix.
 * - The centre of a tile goes to a place between pixels, and the window can only start on one. Each tile is put where,
 *   among the few places that cost little room, that error is least: at most half a pixel along either axis, 0.2 as a
 *   rule. It acts as a translation by that much.
 */
import sharp from 'sharp';
import type { AffineMatrix } from '../steps/index.js';
import { withWorkspace } from './workspace.js';

/** The part of a source image that a matrix works on, and the size of what comes out. */
export interface MosaicSpec {
  readonly matrix: AffineMatrix;
  readonly contentWidth: number;
  readonly contentHeight: number;
  readonly outputWidth: number;
  readonly outputHeight: number;
  readonly channels: number;
  /** What lies around an image: nothing, or its edge repeated. */
  readonly border: 'zero' | 'edge';
  readonly interpolator: Interpolator;
}

/** How a pixel comes from its neighbours: their mean by distance, or the nearest. */
export type Interpolator = 'bilinear' | 'nearest';

/** Pixels around a tile: bilinear interpolation reads one beyond; with edges the sub-pixel error adds one. */
const margins = { zero: { before: 0, after: 1 }, edge: { before: 2, after: 2 } } as const;
/** Places tried to the right of and below the tightest one. */
const slackX = 2;
const slackY = 1;

/** Rounds as libvips does (halves away from zero). */
const roundAway = (value: number): number => Math.trunc(value > 0 ? value + 0.5 : value - 0.5);

/** Where the tiles of one mosaic lie. */
interface MosaicLayout {
  readonly width: number;
  readonly height: number;
  /** Top left of each tile's content on the canvas: x, y, x, y... */
  readonly tiles: Int32Array;
  /** Top left of each tile's window in the transformed canvas, before the canvas's own offset: x, y... */
  readonly windows: Int32Array;
  /** How far, in output pixels, each window starts from where it should: x, y... */
  readonly errors: Float64Array;
}

/** Lays out `count` tiles. Pure. */
export function layoutMosaic(spec: MosaicSpec, count: number): MosaicLayout {
  const [a, b, c, d] = spec.matrix;
  const { before, after } = margins[spec.border];
  const pitchX = spec.contentWidth + before + after;
  const pitchY = spec.contentHeight + before + after;
  const frame = Math.max(1, before); // the first tile's own border pixel must lie on the canvas
  const columns = Math.max(1, Math.round(Math.sqrt((count * pitchY) / pitchX)));
  const tiles = new Int32Array(count * 2);
  const windows = new Int32Array(count * 2);
  const errors = new Float64Array(count * 2);
  const centreX = (spec.contentWidth - 1) / 2;
  const centreY = (spec.contentHeight - 1) / 2;
  const halfX = (spec.outputWidth - 1) / 2;
  const halfY = (spec.outputHeight - 1) / 2;
  let width = 0;
  let x = 0;
  let y = 0;
  for (let tile = 0; tile < count; tile++) {
    if (tile % columns === 0) {
      x = frame;
      y = tile === 0 ? frame : y + pitchY + slackY;
    }
    let best = Infinity;
    for (let dy = 0; dy <= slackY; dy++) {
      for (let dx = 0; dx <= slackX; dx++) {
        const cx = x + dx + centreX;
        const cy = y + dy + centreY;
        const left = a * cx + b * cy - halfX;
        const top = c * cx + d * cy - halfY;
        const errorX = Math.round(left) - left;
        const errorY = Math.round(top) - top;
        const error = errorX * errorX + errorY * errorY;
        if (error < best - 1e-9) {
          best = error;
          tiles[tile * 2] = x + dx;
          tiles[tile * 2 + 1] = y + dy;
          windows[tile * 2] = Math.round(left);
          windows[tile * 2 + 1] = Math.round(top);
          errors[tile * 2] = errorX;
          errors[tile * 2 + 1] = errorY;
        }
      }
    }
    x = (tiles[tile * 2] as number) + pitchX;
    width = Math.max(width, x - before);
  }
  return { width, height: y + slackY + pitchY - before, tiles, windows, errors };
}

/** The bounding box that libvips gives the transformed canvas. */
interface TransformedBox {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

function transformedSize([a, b, c, d]: AffineMatrix, width: number, height: number): TransformedBox {
  const xs = [0, a * width, b * height, a * width + b * height];
  const ys = [0, c * width, d * height, c * width + d * height];
  const left = Math.min(...xs);
  const top = Math.min(...ys);
  return {
    left: roundAway(left),
    top: roundAway(top),
    width: roundAway(Math.max(...xs) - left),
    height: roundAway(Math.max(...ys) - top),
  };
}

/** True where libvips might round a corner or a side of the box the other way than this code does. */
function roundsUnsurely([a, b, c, d]: AffineMatrix, width: number, height: number): boolean {
  const near = (value: number): boolean => Math.abs(Math.abs(value - Math.trunc(value)) - 0.5) < 1e-6;
  const edges = (u: number, v: number): boolean => {
    const low = Math.min(0, u, v, u + v);
    return near(low) || near(Math.max(0, u, v, u + v) - low);
  };
  return edges(a * width, b * height) || edges(c * width, d * height);
}

/**
 * Writes the content of tile `tile` to byte `start` of `memory`, rows `stride` bytes apart, where it is zero. From byte
 * `scratch` on there is room for an image.
 */
type PutTile = (tile: number, memory: Uint8Array, start: number, stride: number, scratch: number) => void;

/** What becomes of the transformed images. */
interface TileSink {
  /** By how many pixels image `tile` is moved right and down on the way. */
  readonly shiftX: (tile: number) => number;
  readonly shiftY: (tile: number) => number;
  /** Takes image `tile`, tight rows. */
  readonly take: (tile: number, pixels: Uint8Array) => void;
}

/** Repeats a tile's edge pixels into the margin around it. */
function repeatEdges(canvas: Uint8Array, stride: number, x: number, y: number, spec: MosaicSpec): void {
  const { before, after } = margins.edge;
  const { contentWidth, contentHeight, channels } = spec;
  for (let row = y; row < y + contentHeight; row++) {
    const first = row * stride + x * channels;
    const last = first + (contentWidth - 1) * channels;
    for (let i = 1; i <= before; i++) canvas.copyWithin(first - i * channels, first, first + channels);
    for (let i = 1; i <= after; i++) canvas.copyWithin(last + i * channels, last, last + channels);
  }
  const start = (x - before) * channels;
  const end = (x + contentWidth + after) * channels;
  const bottom = y + contentHeight - 1;
  for (let i = 1; i <= before; i++) canvas.copyWithin((y - i) * stride + start, y * stride + start, y * stride + end);
  for (let i = 1; i <= after; i++) {
    canvas.copyWithin((bottom + i) * stride + start, bottom * stride + start, bottom * stride + end);
  }
}

/**
 * Transforms `count` images by one matrix about their centres, bilinearly, in one call of sharp.
 *
 * `put` is called for each tile before the call, `sink` after it.
 */
export async function warpMosaic(spec: MosaicSpec, count: number, put: PutTile, sink: TileSink): Promise<void> {
  const layout = layoutMosaic(spec, count);
  const { channels } = spec;
  const { width } = layout;
  let { height } = layout;
  while (roundsUnsurely(spec.matrix, width, height) && height < layout.height + 8) height++;
  const canvasBytes = width * height * channels;
  const imageBytes = Math.max(spec.outputWidth * spec.outputHeight, spec.contentWidth * spec.contentHeight) * channels;
  const box = transformedSize(spec.matrix, width, height);
  const bytes = Math.max(canvasBytes, box.width * box.height * channels) + imageBytes;
  await withWorkspace(bytes, async (memory) => {
    memory.fill(0, 0, canvasBytes);
    const stride = width * channels;
    for (let tile = 0; tile < count; tile++) {
      const x = layout.tiles[tile * 2] as number;
      const y = layout.tiles[tile * 2 + 1] as number;
      put(tile, memory, y * stride + x * channels, stride, canvasBytes);
      if (spec.border === 'edge') repeatEdges(memory, stride, x, y, spec);
    }
    const [a, b, c, d] = spec.matrix;
    const canvas = memory.subarray(0, canvasBytes);
    const { data, info } = await sharp(canvas, { raw: { width, height, channels: channels === 1 ? 1 : 3 } })
      .affine([a, b, c, d], { interpolator: spec.interpolator, background: { r: 0, g: 0, b: 0 } })
      .toColourspace(channels === 1 ? 'b-w' : 'srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    if (info.width !== box.width || info.height !== box.height) {
      throw new RangeError(`libvips gave ${info.width}x${info.height} pixels, not ${box.width}x${box.height}`);
    }
    memory.set(data);
    for (let tile = 0; tile < count; tile++) {
      const left = (layout.windows[tile * 2] as number) - sink.shiftX(tile);
      const top = (layout.windows[tile * 2 + 1] as number) - sink.shiftY(tile);
      cutTile(spec, layout, tile, left, top, memory, box, data.length);
      sink.take(tile, memory.subarray(data.length, data.length + spec.outputWidth * spec.outputHeight * channels));
    }
  });
}

/** The x of a row, from `low` to `high`, with `from <= start + step x <= to`, as an interval narrowed in place. */
function narrow(span: { low: number; high: number }, start: number, step: number, from: number, to: number): void {
  if (Math.abs(step) < 1e-12) {
    if (start < from || start > to) span.high = -1;
    return;
  }
  const one = (from - start) / step;
  const other = (to - start) / step;
  const low = Math.ceil(Math.min(one, other));
  const high = Math.floor(Math.max(one, other));
  if (low > span.low) span.low = low;
  if (high < span.high) span.high = high;
}

/** Copies the image of a tile, its top left at (left, top) before the box's own offset, to byte `target` of `memory`. */
function cutTile(
  spec: MosaicSpec,
  layout: MosaicLayout,
  tile: number,
  left: number,
  top: number,
  memory: Uint8Array,
  box: TransformedBox,
  target: number,
): void {
  const [a, b, c, d] = spec.matrix;
  const { channels, outputWidth, outputHeight } = spec;
  const determinant = a * d - b * c;
  const stepU = d / determinant;
  const stepV = -c / determinant;
  const reach = spec.border === 'zero' ? 1 : margins.edge.before;
  const highU = spec.contentWidth - 1 + reach;
  const highV = spec.contentHeight - 1 + reach;
  const tileX = layout.tiles[tile * 2] as number;
  const tileY = layout.tiles[tile * 2 + 1] as number;
  const rowBytes = outputWidth * channels;
  memory.fill(0, target, target + outputHeight * rowBytes);
  const span = { low: 0, high: 0 };
  const firstRow = Math.max(0, box.top - top);
  const lastRow = Math.min(outputHeight, box.height + box.top - top) - 1;
  for (let y = firstRow; y <= lastRow; y++) {
    span.low = Math.max(0, box.left - left);
    span.high = Math.min(outputWidth, box.width + box.left - left) - 1;
    // In coordinates where the matrix maps 0 to 0, output pixel x of this row lies at (left + x, top + y).
    narrow(span, (d * left - b * (top + y)) / determinant - tileX, stepU, -reach, highU);
    narrow(span, (a * (top + y) - c * left) / determinant - tileY, stepV, -reach, highV);
    if (span.high < span.low) continue;
    const from = ((top + y - box.top) * box.width + left - box.left) * channels;
    memory.copyWithin(
      target + y * rowBytes + span.low * channels,
      from + span.low * channels,
      from + (span.high + 1) * channels,
    );
  }
}
