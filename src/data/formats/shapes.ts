import sharp from 'sharp';
import { RandomStream } from '../../base/random.js';
import { type ImageShape, imageBytes } from '../../contracts/index.js';
import { type DecodedSet, loadDecoded, saveDecoded } from '../decoded-cache.js';
import { checkAborted } from '../options.js';
import { roughNormal } from '../rough-normal.js';
import { decodedSplits } from '../splits.js';
import { allocateLabels, allocatePixels, type LabelledPixels } from '../stores.js';
import { defineDatasetFormat } from './define.js';
import { shapeKinds, shapeOutlines } from './shape-kinds.js';

const side = 32;
/** Tiles a side of a sheet: sharp costs per call, so 256 images share one. */
const sheetTiles = 16;
const sheetSide = side * sheetTiles;
const shape: ImageShape = { height: side, width: side, channels: 3 };

/** Radius of the unit circle a kind is drawn in, pixels: large enough to tell the kinds apart, small enough to wander. */
const radius = { least: 8.5, most: 13 };
/** Largest turn to either side, degrees. */
const mostTurn = 30;
/** Grounds are dark and shapes are light: levels of a channel. Colours overlap between kinds, never within an image. */
const groundLevels = { least: 0, most: 110 };
const shapeLevels = { least: 130, most: 255 };
/** Standard deviation of the pixel noise, levels; each image draws its own up to this. */
const mostNoise = 16;

/** Another value draws another dataset, and so another cache entry; grows with every change of the drawing. */
const drawingVersion = 1;
/** Fixed, so that `shapes` is one dataset and runs with different seeds compare. */
const datasetSeed = 0;

type Colour = readonly [number, number, number];

/**
 * Draws `count` images of 32x32 in colour; image i shows kind i modulo 10. Place, size, angle, stretch, colours, ground
 * and noise are a pure function of (seed, part, i); `part` keeps splits apart.
 */
export async function drawShapes(
  seed: number,
  part: number,
  count: number,
  onDrawn: (done: number) => void = () => {},
  signal?: AbortSignal,
): Promise<LabelledPixels> {
  const pixels = allocatePixels(count, shape, 'shapes');
  const labels = allocateLabels(count);
  const perSheet = sheetTiles * sheetTiles;
  for (let first = 0; first < count; first += perSheet) {
    checkAborted(signal, 'drawing shapes');
    const tiles = Math.min(perSheet, count - first);
    const streams = Array.from({ length: tiles }, (_, tile) => new RandomStream(seed, 'shapes', part, first + tile));
    const sheet = await drawSheet(streams, first);
    streams.forEach((stream, tile) => {
      labels[first + tile] = (first + tile) % shapeKinds.length;
      const size = imageBytes(shape);
      copyTile(sheet, tile, pixels.subarray((first + tile) * size, (first + tile + 1) * size), stream);
    });
    onDrawn(first + tiles);
  }
  return { shape, count, pixels, labels };
}

async function drawSheet(streams: readonly RandomStream[], first: number): Promise<Buffer> {
  const tiles = streams.map((stream, tile) => drawTile(stream, (first + tile) % shapeKinds.length, tile));
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${sheetSide}" height="${sheetSide}">${tiles.join('')}</svg>`;
  return sharp(Buffer.from(svg)).removeAlpha().toColourspace('srgb').raw().toBuffer();
}

/** One tile of the sheet: a ground of two colours, and the shape upon it. The stream is left for the noise. */
function drawTile(stream: RandomStream, kind: number, tile: number): string {
  const between = (least: number, most: number): number => least + (most - least) * stream.uniform();
  const size = between(radius.least, radius.most);
  const x = between(size, side - size);
  const y = between(size, side - size);
  const ground = randomColour(stream, groundLevels);
  const otherGround = randomColour(stream, groundLevels);
  const fill = randomColour(stream, shapeLevels);
  const left = (tile % sheetTiles) * side;
  const top = Math.floor(tile / sheetTiles) * side;
  const turn = between(-mostTurn, mostTurn).toFixed(1);
  const stretch = between(0.85, 1);
  const lean = between(0, side).toFixed(1);
  return (
    `<svg x="${left}" y="${top}" width="${side}" height="${side}"><rect width="32" height="32" fill="${css(ground)}"/>` +
    `<path d="M0 0H32V${lean}L0 ${(side - Number(lean)).toFixed(1)}Z" fill="${css(otherGround)}"/>` +
    `<path d="${shapeOutlines[kind]}" fill="${css(fill)}" fill-rule="nonzero" transform="translate(${x.toFixed(2)} ` +
    `${y.toFixed(2)}) rotate(${turn}) scale(${size.toFixed(2)} ${(size * stretch).toFixed(2)})"/></svg>`
  );
}

function css(colour: Colour): string {
  return `rgb(${colour.join(',')})`;
}

function randomColour(stream: RandomStream, levels: { readonly least: number; readonly most: number }): Colour {
  const level = (): number => levels.least + stream.below(levels.most - levels.least + 1);
  return [level(), level(), level()];
}

/** Copies a tile out of the sheet and adds its noise. */
function copyTile(sheet: Buffer, tile: number, target: Uint8Array, stream: RandomStream): void {
  const noise = stream.uniform() * mostNoise;
  const rowBytes = side * 3;
  const start = (Math.floor(tile / sheetTiles) * side * sheetSide + (tile % sheetTiles) * side) * 3;
  for (let row = 0; row < side; row++) {
    const from = start + row * sheetSide * 3;
    for (let byte = 0; byte < rowBytes; byte++) {
      const level = (sheet[from + byte] ?? 0) + noise * roughNormal(stream.uint32());
      target[row * rowBytes + byte] = Math.max(0, Math.min(255, Math.round(level)));
    }
  }
}

/** Drawn shapes, from the cache or drawn. */
export const shapes = defineDatasetFormat<undefined>({
  name: 'shapes',
  description: 'images drawn on the spot',
  needsFiles: false,
  find: async (place) => ({ path: place, source: undefined }),
  async open(_source, { name, known, options: { onProgress, signal } }) {
    if (known === undefined) throw new RangeError('shapes are drawn for a dataset of the catalog');
    const { trainCount, testCount, classes } = known;
    // librsvg draws edges, so its version decides some bits.
    const key = JSON.stringify(['shapes', drawingVersion, datasetSeed, trainCount, testCount, sharp.versions]);
    const kept = await loadDecoded(key);
    if (kept !== undefined) return decodedSplits(name, kept);
    const total = trainCount + testCount;
    const draw = (part: number, count: number, before: number): Promise<LabelledPixels> => {
      const tell = (done: number): void =>
        onProgress?.({ what: 'drawing shapes', done: before + done, total, unit: 'images' });
      return drawShapes(datasetSeed, part, count, tell, signal);
    };
    const set: DecodedSet = {
      classes,
      train: await draw(0, trainCount, 0),
      test: await draw(1, testCount, trainCount),
      badImages: [],
    };
    await saveDecoded(key, set);
    return decodedSplits(name, set);
  },
});
