import sharp from 'sharp';
import { valueError } from '../base/errors.js';

/** Options of both grids. */
export interface GridOptions {
  /** Tiles in a row; by default, enough for a grid that is about square. */
  readonly columns?: number;
  /** Pixels of the image for each value; by default, enough for a tile of about 48 pixels. */
  readonly scale?: number;
}

interface Tile {
  readonly height: number;
  readonly width: number;
  /** Red, green, blue of each value, 0 to 255. */
  readonly colors: Uint8Array;
}

/** Pixels between tiles, transparent, so that the grid sits on light and dark pages alike. */
const gap = 2;
const wishedTile = 48;

/**
 * The kernels of a convolution as a PNG: one tile a filter. A kernel over three channels is shown in colour, one over a
 * single channel in grey, and one over more channels as a row of its first channels' grey tiles, a filter a row.
 * Each filter is scaled alone: middle grey is a weight of 0, black and white are its largest weight by size.
 *
 * @param kernel [height, width, inputs, filters], as tfjs and Keras keep it.
 * @throws ConvoyError `CONVOY_OPTION` when the shape does not fit the values.
 */
export async function filterGrid(
  kernel: ArrayLike<number>,
  shape: readonly [number, number, number, number],
  options: GridOptions = {},
): Promise<Buffer> {
  checkShape(kernel, shape);
  const [height, width, inputs, filters] = shape;
  const value = (row: number, column: number, input: number, filter: number): number =>
    kernel[((row * width + column) * inputs + input) * filters + filter] as number;
  const shownInputs = inputs === 3 ? [0] : Array.from({ length: Math.min(inputs, 16) }, (_, i) => i);
  const tiles: Tile[] = [];
  for (let filter = 0; filter < filters; filter++) {
    let largest = Number.MIN_VALUE;
    for (let i = 0; i < height * width * inputs; i++)
      largest = Math.max(largest, Math.abs(kernel[i * filters + filter] as number));
    for (const input of shownInputs) {
      const shade = (weight: number): number => Math.round(127.5 * (1 + weight / largest));
      tiles.push(
        makeTile(height, width, (row, column, color) =>
          shade(value(row, column, inputs === 3 ? color : input, filter)),
        ),
      );
    }
  }
  return drawGrid(tiles, inputs === 3 || inputs === 1 ? options : { ...options, columns: shownInputs.length });
}

/**
 * What a layer answers to one image, as a PNG: one grey tile a channel, black its smallest value and white its largest.
 *
 * @param activations [height, width, channels].
 * @throws ConvoyError `CONVOY_OPTION` when the shape does not fit the values.
 */
export async function activationGrid(
  activations: ArrayLike<number>,
  shape: readonly [number, number, number],
  options: GridOptions = {},
): Promise<Buffer> {
  checkShape(activations, shape);
  const [height, width, channels] = shape;
  const tiles = Array.from({ length: channels }, (_, channel) => {
    const value = (row: number, column: number): number =>
      activations[(row * width + column) * channels + channel] as number;
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        low = Math.min(low, value(row, column));
        high = Math.max(high, value(row, column));
      }
    }
    // A channel that answers the same everywhere is black.
    return makeTile(height, width, (row, column) => Math.round((255 * (value(row, column) - low)) / (high - low || 1)));
  });
  return drawGrid(tiles, options);
}

function checkShape(values: ArrayLike<number>, shape: readonly number[]): void {
  const size = shape.reduce((product, length) => product * length, 1);
  if (size !== values.length || size === 0) throw valueError('shape', `a shape of ${values.length} values`, shape);
}

function makeTile(height: number, width: number, shade: (row: number, column: number, color: number) => number): Tile {
  const colors = Uint8Array.from({ length: height * width * 3 }, (_, i) => {
    const place = Math.floor(i / 3);
    return shade(Math.floor(place / width), place % width, i % 3);
  });
  return { height, width, colors };
}

async function drawGrid(tiles: readonly Tile[], options: GridOptions): Promise<Buffer> {
  const [first] = tiles as readonly [Tile, ...Tile[]];
  const scale = options.scale ?? Math.max(1, Math.round(wishedTile / Math.max(first.height, first.width)));
  const columns = options.columns ?? Math.ceil(Math.sqrt(tiles.length));
  for (const [name, value] of Object.entries({ scale, columns })) {
    if (!Number.isInteger(value) || value < 1) throw valueError(name, 'an integer of 1 or more', value);
  }
  const [tileWidth, tileHeight] = [first.width * scale, first.height * scale];
  const width = columns * (tileWidth + gap) - gap;
  const height = Math.ceil(tiles.length / columns) * (tileHeight + gap) - gap;
  const pixels = new Uint8Array(width * height * 4); // transparent where no tile is
  tiles.forEach(({ colors }, k) => {
    const left = (k % columns) * (tileWidth + gap);
    const top = Math.floor(k / columns) * (tileHeight + gap);
    for (let y = 0; y < tileHeight; y++) {
      for (let x = 0; x < tileWidth; x++) {
        const from = (Math.floor(y / scale) * first.width + Math.floor(x / scale)) * 3;
        const to = ((top + y) * width + left + x) * 4;
        pixels.set(colors.subarray(from, from + 3), to);
        pixels[to + 3] = 255;
      }
    }
  });
  return sharp(pixels, { raw: { width, height, channels: 4 } })
    .png()
    .toBuffer();
}
