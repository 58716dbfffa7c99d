/**
 * Carries out the plan of one window: pixels of a source through its steps into the window's memory.
 *
 * Flips and shifts wait until the pixels move anyway (to be warped, or into the window), so they cost no pass of their
 * own; the first pass reads straight from the dataset.
 */
import type { ImageShape, PixelBox } from '../../src/contracts/index.js';
import { MoveTable, type PixelEdit, type Step } from '../steps/index.js';
import { convolveMosaic } from './convolve.js';
import { runLimited } from './limit.js';
import { type Canvas, canvasBytes, clearCanvas, type Interpolator, type WarpSpec, warp } from './warp.js';

/** Pixels of one mosaic of a convolution, about: past this a call's fixed cost no longer shows, and memory stays small. */
const mosaicPixels = 600_000;
/** Mosaics under way at once: one in sharp, one being laid out or cut. */
const mosaicsAtOnce = 2;

/** Where the samples of a window are read from: sample i starts at byte `start(i)` of `pixels`. */
export interface PixelSource {
  readonly pixels: Uint8Array;
  readonly start: (index: number) => number;
}

/** Images that fit a mosaic. */
export function tilesPerMosaic(shape: ImageShape): number {
  return Math.max(1, Math.min(1024, Math.round(mosaicPixels / ((shape.width + 1) * (shape.height + 1)))));
}

/** One window being worked on. */
class WindowRun {
  readonly #interpolator: Interpolator;
  readonly #shape: ImageShape;
  readonly #count: number;
  readonly #window: Uint8Array;
  readonly #bytes: number;
  /** An image, and behind it the same with its moves done. */
  readonly #scratch: Uint8Array;
  readonly #moved: Uint8Array;
  /** A canvas, and behind it room for an image that is moved onto it; made for the first warp. */
  #canvas = new Uint8Array(0);
  #source: PixelSource;
  /** Moves that are not in the pixels yet; per sample, 1 once they are in the window with all moves done. */
  #moves: MoveTable;
  readonly #settled: Uint8Array;
  /** True until the first step: nothing is waiting then. */
  #fresh = true;

  constructor(shape: ImageShape, count: number, source: PixelSource, window: Uint8Array, interpolator: Interpolator) {
    this.#interpolator = interpolator;
    this.#shape = shape;
    this.#count = count;
    this.#window = window;
    this.#bytes = shape.width * shape.height * shape.channels;
    this.#scratch = new Uint8Array(2 * this.#bytes);
    this.#moved = this.#scratch.subarray(this.#bytes);
    this.#source = source;
    this.#moves = new MoveTable(count, shape);
    this.#settled = new Uint8Array(count).fill(source.pixels === window ? 1 : 0);
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#step(step);
    this.#settleAll();
  }

  async #step(step: Step): Promise<void> {
    const shape = this.#shape;
    switch (step.kind) {
      case 'move':
        return this.#await(step.moves);
      case 'warp':
        return this.#warp(step);
      case 'convolve':
        this.#settleAll();
        return this.#groups(step.choices, step.bank.length, (choice, members) => {
          const convolution = step.bank[choice];
          if (convolution === undefined) throw new RangeError(`no convolution ${choice} in the plan's bank`);
          return convolveMosaic(
            convolution,
            shape,
            this.#window,
            members.map((index) => index * this.#bytes),
          );
        });
      case 'edit':
        this.#settleAll();
        step.edits.forEach((edit, index) => edit && this.#edit(edit, step, index));
    }
  }

  #edit(edit: PixelEdit, { values, valuesPerSample }: Extract<Step, { kind: 'edit' }>, index: number): void {
    const image = {
      pixels: this.#window,
      start: index * this.#bytes,
      shape: this.#shape,
      scratch: this.#scratch.subarray(0, this.#bytes),
    };
    edit(image, values.subarray(index * valuesPerSample, (index + 1) * valuesPerSample));
  }

  /** Brings sample `index` into the window with its moves done. */
  #settle(index: number): void {
    if (this.#settled[index] === 1) return;
    this.#settled[index] = 1;
    const bytes = this.#bytes;
    const scratch = this.#scratch;
    const { pixels, start } = this.#source;
    const from = start(index);
    scratch.set(pixels.subarray(from, from + bytes));
    this.#moves.place(index, scratch, 0, bytes, this.#shape.width * this.#shape.channels, false);
    this.#window.set(this.#moved, index * bytes);
  }

  /** Brings all samples into the window. */
  #settleAll(): void {
    this.#fresh = false;
    for (let i = 0; i < this.#count; i++) this.#settle(i);
  }

  /** Takes moves that are done when the pixels move next; whatever was before is done first. */
  #await(moves: MoveTable): void {
    if (!this.#fresh || this.#source.pixels === this.#window) {
      this.#settleAll();
      this.#source = { pixels: this.#window, start: (index) => index * this.#bytes };
      this.#settled.fill(0);
    }
    this.#fresh = false;
    this.#moves = moves;
  }

  #warp(step: Extract<Step, { kind: 'warp' }>): void {
    this.#fresh = false;
    const { width, height, channels } = this.#shape;
    if (this.#canvas.length === 0) this.#canvas = new Uint8Array(canvasBytes(width, height, channels) + this.#bytes);
    for (let index = 0; index < this.#count; index++) {
      const entry = step.warps[index];
      if (entry === undefined || entry.part !== undefined) this.#settle(index);
      if (entry === undefined) continue;
      const { matrix, part, shift: [right, down] = [0, 0] } = entry;
      const spec: WarpSpec = {
        ...{ matrix, width, height, channels, border: step.border, interpolator: this.#interpolator },
        contentWidth: part?.width ?? width,
        contentHeight: part?.height ?? height,
      };
      warp(this.#put(index, spec, part), spec, right, down, this.#window, index * this.#bytes);
      this.#settled[index] = 1;
    }
  }

  /** Puts a sample, or the part of it that is transformed, on the canvas. */
  #put(index: number, spec: WarpSpec, part: PixelBox | undefined): Canvas {
    const { channels, width } = this.#shape;
    const memory = this.#canvas;
    const canvas = clearCanvas(memory, spec);
    if (this.#settled[index] !== 1) {
      const from = this.#source.start(index);
      const scratch = memory.length - this.#bytes;
      memory.set(this.#source.pixels.subarray(from, from + this.#bytes), scratch);
      this.#moves.place(index, memory, scratch, canvas.start, canvas.stride, true);
      return canvas;
    }
    const { left = 0, top = 0 } = part ?? {};
    for (let y = 0; y < spec.contentHeight; y++) {
      const from = index * this.#bytes + ((top + y) * width + left) * channels;
      memory.set(this.#window.subarray(from, from + spec.contentWidth * channels), canvas.start + y * canvas.stride);
    }
    return canvas;
  }

  /** Calls `work` for the samples of each choice, in their order, in pieces that fit a mosaic. */
  async #groups(
    choices: Int16Array,
    size: number,
    work: (choice: number, members: number[]) => Promise<void>,
  ): Promise<void> {
    const groups: number[][] = Array.from({ length: size }, () => []);
    for (let i = 0; i < this.#count; i++) groups[choices[i] as number]?.push(i);
    const limit = tilesPerMosaic(this.#shape);
    const pieces: { choice: number; members: number[] }[] = [];
    groups.forEach((members, choice) => {
      for (let at = 0; at < members.length; at += limit)
        pieces.push({ choice, members: members.slice(at, at + limit) });
    });
    await runLimited(pieces, mosaicsAtOnce, ({ choice, members }) => work(choice, members));
  }
}

/**
 * Carries out `steps` for `count` samples; `window` receives them behind each other. The source may be the window.
 */
export async function applySteps(
  steps: readonly Step[],
  shape: ImageShape,
  count: number,
  source: PixelSource,
  window: Uint8Array,
  interpolator: Interpolator = 'bilinear',
): Promise<void> {
  await new WindowRun(shape, count, source, window, interpolator).run(steps);
}
