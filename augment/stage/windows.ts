/**
 * Windows: the fixed stretches of an epoch's order that are worked on together. Their size follows from the image shape
 * and the transforms alone, never from batch size or workers, or pixels would depend on those.
 */
import type { Dataset, ImageShape } from '../../src/contracts/index.js';
import { tilesPerMosaic } from '../pixels/index.js';
import type { AugmentSpec } from '../spec/index.js';

const banked: ReadonlySet<string> = new Set([
  'resizedCrop',
  'rotate',
  'scale',
  'shear',
  'affine',
  'blur',
  'sharpness',
  'randAugment',
  'trivialAugment',
]);
/** Photographs are decoded one by one; a short window starts an epoch sooner. */
const filesPerWindow = 32;
/** Bytes of a window of plain copies: enough to make a task worth its message. */
const plainWindowBytes = 2 ** 21;

/** Size of windows, and of the banks of parameters that a window's samples share. */
export interface WindowSizes {
  readonly windowSize: number;
  readonly bankSize: number;
}

const powerOfTwo = (value: number): number => 2 ** Math.floor(Math.log2(Math.max(1, value)));

/** Window and bank size for a dataset and its transforms. */
export function windowSizes(dataset: Pick<Dataset, 'shape' | 'store'>, spec: AugmentSpec): WindowSizes {
  const { shape, store } = dataset;
  const mosaics = spec.filter(
    ({ name }, index) => banked.has(name) && !(store.kind === 'files' && isLeading(name, index)),
  );
  if (mosaics.length > 0) {
    const tiles = tilesPerMosaic(shape);
    // Eight full mosaics; large images gain little from company, so there more parameters share less.
    return { windowSize: Math.max(32, powerOfTwo(8 * tiles)), bankSize: tiles >= 64 ? 8 : 16 };
  }
  if (store.kind === 'files') return { windowSize: filesPerWindow, bankSize: 8 };
  return { windowSize: Math.min(4096, Math.max(16, powerOfTwo(plainWindowBytes / imageBytes(shape)))), bankSize: 8 };
}

/** True for a transform that is done while a photograph is decoded: a crop that comes first. */
export function isLeading(name: string, index: number): boolean {
  return index === 0 && (name === 'resizedCrop' || name === 'centerCrop');
}

/** Bytes of one image. */
export function imageBytes({ width, height, channels }: ImageShape): number {
  return width * height * channels;
}
