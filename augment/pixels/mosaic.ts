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
import {
  layoutMosaic,
  type MosaicLayout,
  type MosaicSpec,
  margins,
  roundsUnsurely,
  type TransformedBox,
  transformedSize,
} from './mosaic-layout.js';
import { withWorkspace } from './workspace.js';

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
    if (spec.interpolator === 'nearest') {
      takeNearest(spec, layout, { memory, width, target: canvasBytes }, count, sink);
      return;
    }
    const [a, b, c, d] = spec.matrix;
    const canvas = memory.subarray(0, canvasBytes);
    const { data, info } = await sharp(canvas, { raw: { width, height, channels: channels === 1 ? 1 : 3 } })
      .affine([a, b, c, d], { interpolator: 'bilinear', background: { r: 0, g: 0, b: 0 } })
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

/** Takes each tile's image from the canvas itself, whose rows have `width` pixels: every pixel is that of the nearest source. */
function takeNearest(
  spec: MosaicSpec,
  layout: MosaicLayout,
  { memory, width, target }: { readonly memory: Uint8Array; readonly width: number; readonly target: number },
  count: number,
  sink: TileSink,
): void {
  const [a, b, c, d] = spec.matrix;
  const { channels, outputWidth, outputHeight } = spec;
  const determinant = a * d - b * c;
  const bytes = outputWidth * outputHeight * channels;
  for (let tile = 0; tile < count; tile++) {
    const left = (layout.windows[tile * 2] as number) - sink.shiftX(tile);
    const top = (layout.windows[tile * 2 + 1] as number) - sink.shiftY(tile);
    memory.fill(0, target, target + bytes);
    const whole = { left, top, width: outputWidth, height: outputHeight };
    eachSpan(spec, layout, tile, left, top, whole, (y, low, high) => {
      let to = target + (y * outputWidth + low) * channels;
      for (let x = low; x <= high; x++) {
        const u = Math.round((d * (left + x) - b * (top + y)) / determinant);
        const v = Math.round((a * (top + y) - c * (left + x)) / determinant);
        const from = (v * width + u) * channels;
        for (let channel = 0; channel < channels; channel++) memory[to++] = memory[from + channel] as number;
      }
    });
    sink.take(tile, memory.subarray(target, target + bytes));
  }
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
  const { channels, outputWidth, outputHeight } = spec;
  const rowBytes = outputWidth * channels;
  memory.fill(0, target, target + outputHeight * rowBytes);
  eachSpan(spec, layout, tile, left, top, box, (y, low, high) => {
    const from = ((top + y - box.top) * box.width + left - box.left) * channels;
    memory.copyWithin(target + y * rowBytes + low * channels, from + low * channels, from + (high + 1) * channels);
  });
}

/** Tells of each row of a tile's image which pixels, from `low` to `high`, show the image or its own border. */
function eachSpan(
  spec: MosaicSpec,
  layout: MosaicLayout,
  tile: number,
  left: number,
  top: number,
  box: TransformedBox,
  take: (y: number, low: number, high: number) => void,
): void {
  const [a, b, c, d] = spec.matrix;
  const { outputWidth, outputHeight } = spec;
  const determinant = a * d - b * c;
  const stepU = d / determinant;
  const stepV = -c / determinant;
  const reach = spec.border === 'zero' ? 1 : margins.edge.before;
  const highU = spec.contentWidth - 1 + reach;
  const highV = spec.contentHeight - 1 + reach;
  const tileX = layout.tiles[tile * 2] as number;
  const tileY = layout.tiles[tile * 2 + 1] as number;
  const span = { low: 0, high: 0 };
  const firstRow = Math.max(0, box.top - top);
  const lastRow = Math.min(outputHeight, box.height + box.top - top) - 1;
  for (let y = firstRow; y <= lastRow; y++) {
    span.low = Math.max(0, box.left - left);
    span.high = Math.min(outputWidth, box.width + box.left - left) - 1;
    // In coordinates where the matrix maps 0 to 0, output pixel x of this row lies at (left + x, top + y).
    narrow(span, (d * left - b * (top + y)) / determinant - tileX, stepU, -reach, highU);
    narrow(span, (a * (top + y) - c * left) / determinant - tileY, stepV, -reach, highV);
    if (span.low <= span.high) take(y, span.low, span.high);
  }
}
