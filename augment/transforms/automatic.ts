/**
 * RandAugment (Cubuk et al. 2019) and TrivialAugmentWide (Müller and Hutter 2021), built from the other transforms:
 * the fourteen operations and their strengths are those of `torchvision/transforms/autoaugment.py`. Shears are about
 * the centre.
 */
import type { RandomStream } from '../../src/base/random.js';
import type { AffineMatrix, Convolution, MoveTable, PixelEdit, Warp } from '../steps/index.js';
import { stretchContrast } from './autocontrast.js';
import { adjustBrightness } from './brightness.js';
import { adjustContrast } from './contrast.js';
import { affineMatrix } from './draws.js';
import { equalizeHistograms } from './equalize.js';
import type { PlanBuilder } from './plan-builder.js';
import { keepBits } from './posterize.js';
import { adjustSaturation } from './saturation.js';
import { sharpening } from './sharpness.js';
import { invertAbove } from './solarize.js';

/** Largest strength of each operation; the strongest bin has it, the weakest 0 (for translations: share of the side). */
interface Strengths {
  readonly shear: number;
  readonly translate: (side: number) => number;
  readonly rotate: number;
  readonly enhance: number;
  /** Bits that the strongest posterize drops. */
  readonly posterize: number;
}

/** What the samples of one round share and where they put their choices. */
interface Round {
  readonly window: PlanBuilder;
  readonly largest: Strengths;
  /** A strength from 0 to 1. */
  readonly draw: () => number;
  readonly stream: RandomStream;
  readonly moves: MoveTable;
  readonly warps: (Warp | undefined)[];
  readonly sharpenChoices: Int16Array;
  readonly edits: (PixelEdit | undefined)[];
  readonly amounts: Float32Array;
}

const sign = (stream: RandomStream): number => (stream.uniform() < 0.5 ? -1 : 1);

/** A warp whose matrix follows from a strength from -1 to 1. */
const warp =
  (matrixOf: (amount: number, largest: Strengths) => AffineMatrix) =>
  ({ warps, largest, draw, stream }: Round, sample: number): void => {
    warps[sample] = { matrix: matrixOf(draw() * sign(stream), largest) };
  };

/** Degrees of a shear that moves a row or column by so much of its distance. */
const slant = (amount: number, { shear }: Strengths): number => (Math.atan(shear * amount) * 180) / Math.PI;

/** An edit whose amount is drawn from the round. */
const edit =
  (apply: PixelEdit, amount: (round: Round) => number) =>
  (round: Round, sample: number): void => {
    round.edits[sample] = apply;
    round.amounts[sample] = amount(round);
  };

/** A factor around 1, either way. */
const enhancement = ({ largest, draw, stream }: Round): number => 1 + largest.enhance * draw() * sign(stream);

const shift = ({ largest, draw, stream }: Round, side: number): number =>
  Math.trunc(draw() * largest.translate(side)) * sign(stream);

/** The fourteen operations, in torchvision's order. */
const operations: readonly ((round: Round, sample: number) => void)[] = [
  () => undefined,
  warp((amount, largest) => affineMatrix(0, 1, slant(amount, largest), 0)),
  warp((amount, largest) => affineMatrix(0, 1, 0, slant(amount, largest))),
  (round, sample) => round.moves.shift(sample, shift(round, round.window.shape.width), 0),
  (round, sample) => round.moves.shift(sample, 0, shift(round, round.window.shape.height)),
  warp((amount, { rotate }) => affineMatrix(-rotate * amount, 1, 0, 0)),
  edit(adjustBrightness, enhancement),
  edit(adjustSaturation, enhancement),
  edit(adjustContrast, enhancement),
  ({ window, sharpenChoices, stream }, sample) => void (sharpenChoices[sample] = stream.below(window.bankSize)),
  edit(keepBits, ({ largest, draw }) => 8 - Math.round(draw() * largest.posterize)),
  edit(invertAbove, ({ draw }) => 255 * (1 - draw())),
  edit(stretchContrast, () => 0),
  edit(equalizeHistograms, () => 0),
];

/** Each sample gets one operation; sharpenings take their strength from a bank, the others their own. */
export function appendAutomatic(
  window: PlanBuilder,
  largest: Strengths,
  draw: () => number,
  stream: RandomStream,
): void {
  const { count, bankSize } = window;
  // Signs alternate, so that a bank of one strength is two matrices, and any bank is balanced.
  const balanced = (index: number): number => draw() * (index % 2 === 0 ? 1 : -1);
  const sharpenings = Array.from(
    { length: bankSize },
    (_, index): Convolution => sharpening(1 + largest.enhance * balanced(index)),
  );
  const round: Round = {
    window,
    largest,
    draw,
    stream,
    moves: window.moves(),
    warps: new Array<Warp | undefined>(count).fill(undefined),
    sharpenChoices: new Int16Array(count).fill(-1),
    edits: new Array<PixelEdit | undefined>(count).fill(undefined),
    amounts: new Float32Array(count),
  };
  for (let sample = 0; sample < count; sample++) operations[stream.below(operations.length)]?.(round, sample);
  window.warp(round.warps);
  window.convolve(sharpenings, round.sharpenChoices);
  window.steps.push({ kind: 'edit', edits: round.edits, values: round.amounts, valuesPerSample: 1 });
}
