/**
 * Windows: the fixed stretches of an epoch's order that are worked on together. Their size follows from the image shape
 * and the transforms alone, never from batch size or workers, or pixels would depend on those.
 */
import type { RandomStream } from '../../src/base/random.js';
import { type Dataset, imageBytes, type PixelBox, type PixelSize } from '../../src/contracts/index.js';
import { tilesPerMosaic } from '../pixels/index.js';
import type { AugmentSpec } from '../spec/index.js';
import { transformNamed } from '../transforms/index.js';

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
export function windowSizes(dataset: Pick<Dataset, 'shape' | 'store' | 'targets'>, spec: AugmentSpec): WindowSizes {
  const { shape, store } = dataset;
  const applied = leadingPart(dataset, spec) === undefined ? spec : spec.slice(1);
  if (applied.some(({ name }) => transformNamed(name)?.banked)) {
    const tiles = tilesPerMosaic(shape);
    // Eight full mosaics; large images gain little from company, so there more parameters share less.
    return { windowSize: Math.max(32, powerOfTwo(8 * tiles)), bankSize: tiles >= 64 ? 8 : 16 };
  }
  if (store.kind === 'files') return { windowSize: filesPerWindow, bankSize: 8 };
  return { windowSize: Math.min(4096, Math.max(16, powerOfTwo(plainWindowBytes / imageBytes(shape)))), bankSize: 8 };
}

/** How the part of a photograph is drawn, where the first transform can be done while decoding. */
export function leadingPart(
  { store, targets }: Pick<Dataset, 'store' | 'targets'>,
  [first]: AugmentSpec,
): ((photograph: PixelSize, target: PixelSize, stream: RandomStream) => PixelBox) | undefined {
  // Masks and boxes are of the decoded image: its part is taken after that.
  if (store.kind !== 'files' || first === undefined || ['masks', 'boxes'].includes(targets.kind)) return undefined;
  const transform = transformNamed(first.name);
  if (transform?.part === undefined) return undefined;
  return (photograph, target, stream) => transform.part?.(photograph, target, first, stream) as PixelBox;
}
