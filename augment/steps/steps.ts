/** What a plan consists of: steps over a window of samples. A step is data and functions of the module level alone. */
import type { ImageShape, PixelBox } from '../../src/contracts/index.js';
import type { MoveTable } from './moves.js';
import type { Sides } from './sides.js';

/** `[a, b, c, d]`: forward, output offset = [[a, b], [c, d]] · input offset, x to the right and y down. */
export type AffineMatrix = readonly [number, number, number, number];

/** One image of a window, changed in place. */
export interface ImagePlace {
  readonly pixels: Uint8Array;
  /** Its first byte. */
  readonly start: number;
  readonly shape: ImageShape;
  /** Room for one image, to read from while writing in place. */
  readonly scratch: Uint8Array;
}

/** Where a box goes when an edit with these values moves the pixels; it may reach beyond the image. */
export type BoxMove = (box: Sides, values: ArrayLike<number>, shape: ImageShape) => Sides;

/** Changes one image in place; `values` are the parameters that were drawn for it. */
export type PixelEdit = (image: ImagePlace, values: ArrayLike<number>) => void;

/** An interpolated transform of a sample about the centre. */
export interface Warp {
  readonly matrix: AffineMatrix;
  /** The part of the image that is transformed; the whole where absent. */
  readonly part?: PixelBox;
  /** Whole pixels to move right and down after it. */
  readonly shift?: readonly [right: number, down: number];
}

/** A convolution shared by many samples: a Gaussian, or a kernel of 3x3 that leaves the outermost pixels as they are. */
export type Convolution =
  | { readonly kind: 'gaussian'; readonly sigma: number }
  | { readonly kind: 'kernel'; readonly kernel: readonly number[] };

export type Step =
  /** Flips, shifts, zero-padded crops, folded into one move per sample. */
  | { readonly kind: 'move'; readonly moves: MoveTable }
  /** `warps[i]`; undefined leaves sample i as it is. Around it lies nothing, or its edge repeated. */
  | { readonly kind: 'warp'; readonly border: 'zero' | 'edge'; readonly warps: readonly (Warp | undefined)[] }
  /** Samples that share parameters choose from a bank: `choices[i]` indexes it, -1 leaves sample i as it is. */
  | { readonly kind: 'convolve'; readonly bank: readonly Convolution[]; readonly choices: Int16Array }
  /** `edits[i]` with values from `i * valuesPerSample` on; undefined leaves sample i as it is. */
  | {
      readonly kind: 'edit';
      readonly edits: readonly (PixelEdit | undefined)[];
      readonly values: Float32Array | Int16Array;
      readonly valuesPerSample: number;
      /** Set where pixels go to other places: masks and boxes go along then. */
      readonly moves?: BoxMove;
    };
