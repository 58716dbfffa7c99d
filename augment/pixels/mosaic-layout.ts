/** Where the images of a mosaic lie, before and after its transform. Pure. */
import type { AffineMatrix } from '../steps/index.js';

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
export const margins = { zero: { before: 0, after: 1 }, edge: { before: 2, after: 2 } } as const;
/** Places tried to the right of and below the tightest one. */
const slackX = 2;
const slackY = 1;

/** Rounds as libvips does (halves away from zero). */
const roundAway = (value: number): number => Math.trunc(value > 0 ? value + 0.5 : value - 0.5);

/** Where the tiles of one mosaic lie. */
export interface MosaicLayout {
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
export interface TransformedBox {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** The box of a canvas that a matrix has transformed. */
export function transformedSize([a, b, c, d]: AffineMatrix, width: number, height: number): TransformedBox {
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
export function roundsUnsurely([a, b, c, d]: AffineMatrix, width: number, height: number): boolean {
  const near = (value: number): boolean => Math.abs(Math.abs(value - Math.trunc(value)) - 0.5) < 1e-6;
  const edges = (u: number, v: number): boolean => {
    const low = Math.min(0, u, v, u + v);
    return near(low) || near(Math.max(0, u, v, u + v) - low);
  };
  return edges(a * width, b * height) || edges(c * width, d * height);
}
