/** What a plan consists of: steps over a window of samples, each naming its choice per sample. */
import type { ColourOperation } from './colour.js';
import type { Matrix } from './mosaic.js';
import type { MoveTable } from './moves.js';

/** Interpolated transforms share their parameters within a window: `choices[i]` indexes `bank`, -1 leaves sample i. */
export interface TransformChoice {
  readonly matrix: Matrix;
  /** Size of the part of the image that is transformed; the whole where absent. */
  readonly width?: number;
  readonly height?: number;
}

/** A convolution shared by many samples. */
export type FilterChoice =
  | { readonly kind: 'blur'; readonly sigma: number }
  | { readonly kind: 'sharpness'; readonly factor: number };

export type Step =
  /** Flips, shifts, zero-padded crops, folded into one move per sample. */
  | { readonly kind: 'move'; readonly moves: MoveTable }
  /** Padded crops that show repeated or mirrored edges: shift x, y per sample. */
  | { readonly kind: 'pad'; readonly border: 'edge' | 'reflect'; readonly shifts: Int16Array }
  /** Quarter turns clockwise, 0 to 3 per sample. */
  | { readonly kind: 'turn'; readonly quarters: Uint8Array }
  | {
      readonly kind: 'transform';
      readonly border: 'zero' | 'edge';
      readonly bank: readonly TransformChoice[];
      readonly choices: Int16Array;
      /** Where a part starts in the image (x, y per sample); absent when the whole image is transformed. */
      readonly origins?: Int16Array;
      /** Whole pixels to move right and down on the way (x, y per sample). */
      readonly shifts?: Int16Array;
    }
  | { readonly kind: 'filter'; readonly bank: readonly FilterChoice[]; readonly choices: Int16Array }
  | { readonly kind: 'colour'; readonly operations: readonly ColourOperation[]; readonly amounts: Float32Array }
  /** Boxes x, y, width, height per sample; width 0 for none. */
  | { readonly kind: 'erase'; readonly value: number; readonly boxes: Int16Array };
