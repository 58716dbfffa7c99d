/** Where transforms put their steps. */
import type { RandomStream } from '../../src/base/random.js';
import type { ImageShape, PixelBox } from '../../src/contracts/index.js';
import { type BoxMove, type Convolution, MoveTable, type PixelEdit, type Step, type Warp } from '../steps/index.js';
import type { Interval } from './parameters.js';

/** Gathers the steps of one window; flips and shifts that follow each other become one step. */
export class PlanBuilder {
  readonly steps: Step[] = [];
  /** Samples in the window. */
  readonly count: number;
  readonly shape: ImageShape;
  /** Entries of a bank. */
  readonly bankSize: number;

  constructor(count: number, shape: ImageShape, bankSize: number) {
    this.count = count;
    this.shape = shape;
    this.bankSize = bankSize;
  }

  /** The moves to append to: those of the last step where it is one. */
  moves(): MoveTable {
    const last = this.steps.at(-1);
    if (last?.kind === 'move') return last.moves;
    const moves = new MoveTable(this.count, this.shape);
    this.steps.push({ kind: 'move', moves });
    return moves;
  }

  /** Appends an edit with one drawn amount per sample; with a chance below 1 some samples keep their pixels. */
  editWithAmount(stream: RandomStream, edit: PixelEdit, [low, high]: Interval, probability = 1): void {
    const edits: (PixelEdit | undefined)[] = [];
    const values = new Float32Array(this.count);
    for (let i = 0; i < this.count; i++) {
      edits.push(probability >= 1 || stream.uniform() < probability ? edit : undefined);
      values[i] = low === high ? low : low + (high - low) * stream.uniform();
    }
    this.steps.push({ kind: 'edit', edits, values, valuesPerSample: 1 });
  }

  /**
   * Appends an edit of every sample, with `values.length / count` values for each.
   *
   * @param moves where boxes go, of an edit that moves pixels to other places.
   */
  editAll(edit: PixelEdit, values: Float32Array | Int16Array, moves?: BoxMove): void {
    const edits = new Array<PixelEdit>(this.count).fill(edit);
    this.steps.push({
      kind: 'edit',
      edits,
      values,
      valuesPerSample: values.length / this.count,
      ...(moves && { moves }),
    });
  }

  /** Appends a turn, zoom or slant of each sample about the centre, zeros around. */
  warp(warps: readonly (Warp | undefined)[]): void {
    this.steps.push({ kind: 'warp', border: 'zero', warps });
  }

  /** Appends a part of each sample resized to the whole. */
  resizeParts(parts: readonly PixelBox[]): void {
    const { width, height } = this.shape;
    const warps = parts.map((part): Warp => ({ part, matrix: [width / part.width, 0, 0, height / part.height] }));
    this.steps.push({ kind: 'warp', border: 'edge', warps });
  }

  /** Appends a blur or sharpening. */
  convolve(bank: readonly Convolution[], choices: Int16Array): void {
    this.steps.push({ kind: 'convolve', bank, choices });
  }
}
