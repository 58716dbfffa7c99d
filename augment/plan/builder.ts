/** Where planners put their steps. */

import type { RandomStream } from '../../src/base/random.js';
import type { ImageShape } from '../../src/contracts/index.js';
import {
  type ColourOperation,
  type FilterChoice,
  MoveTable,
  type Step,
  type TransformChoice,
} from '../pixels/index.js';
import type { Range } from '../spec/index.js';

/** Gathers the steps of one window; flips and shifts that follow each other become one step. */
export class PlanBuilder {
  readonly steps: Step[] = [];
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

  /** Appends one pixel operation, `amount` drawn per sample; with a chance below 1 some samples keep their pixels. */
  colour(stream: RandomStream, operation: ColourOperation, [low, high]: Range, probability = 1): void {
    const operations: ColourOperation[] = [];
    const amounts = new Float32Array(this.count);
    for (let i = 0; i < this.count; i++) {
      operations.push(probability >= 1 || stream.uniform() < probability ? operation : 'none');
      amounts[i] = low === high ? low : low + (high - low) * stream.uniform();
    }
    this.steps.push({ kind: 'colour', operations, amounts });
  }

  /** Appends a turn, zoom or slant about the centre, zeros around. */
  transform(bank: readonly TransformChoice[], choices: Int16Array, shifts?: Int16Array): void {
    this.steps.push({ kind: 'transform', border: 'zero', bank, choices, ...(shifts && { shifts }) });
  }

  /** Appends a blur or sharpening. */
  filter(bank: readonly FilterChoice[], choices: Int16Array): void {
    this.steps.push({ kind: 'filter', bank, choices });
  }
}
