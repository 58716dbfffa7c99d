/**
 * RandAugment (Cubuk et al. 2019) and TrivialAugmentWide (Müller and Hutter 2021), built from the other transforms:
 * the fourteen operations and their strengths are those of `torchvision/transforms/autoaugment.py`. Shears are about
 * the centre.
 */
import type { RandomStream } from '../../src/base/random.js';
import type { Convolution, MoveTable, PixelEdit, Warp } from '../steps/index.js';
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
  readonly warpChoices: Int16Array;
  readonly sharpenChoices: Int16Array;
  readonly edits: (PixelEdit | undefined)[];
  readonly amounts: Float32Array;
}

const sign = (stream: RandomStream): number => (stream.uniform() < 0.5 ? -1 : 1);

/** The warps of a bank come in this order, `bankSize` of each. */
const warps = ['shearX', 'shearY', 'rotate'] as const;

const warp =
  (kind: (typeof warps)[number]) =>
  ({ window, warpChoices, stream }: Round, sample: number): void => {
    warpChoices[sample] = warps.indexOf(kind) * window.bankSize + stream.below(window.bankSize);
  };

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
  warp('shearX'),
  warp('shearY'),
  (round, sample) => round.moves.shift(sample, shift(round, round.window.shape.width), 0),
  (round, sample) => round.moves.shift(sample, 0, shift(round, round.window.shape.height)),
  warp('rotate'),
  edit(adjustBrightness, enhancement),
  edit(adjustSaturation, enhancement),
  edit(adjustContrast, enhancement),
  ({ window, sharpenChoices, stream }, sample) => void (sharpenChoices[sample] = stream.below(window.bankSize)),
  edit(keepBits, ({ largest, draw }) => 8 - Math.round(draw() * largest.posterize)),
  edit(invertAbove, ({ draw }) => 255 * (1 - draw())),
  edit(stretchContrast, () => 0),
  edit(equalizeHistograms, () => 0),
];

/** Each sample gets one operation; interpolated ones take their strength from a bank, the others their own. */
export function appendAutomatic(
  window: PlanBuilder,
  largest: Strengths,
  draw: () => number,
  stream: RandomStream,
): void {
  const { count, bankSize } = window;
  // Signs alternate, so that a bank of one strength is two matrices, and any bank is balanced.
  const balanced = (index: number): number => draw() * (index % 2 === 0 ? 1 : -1);
  const bank = warps.flatMap((kind) =>
    Array.from({ length: bankSize }, (_, index): Warp => {
      const amount = balanced(index);
      if (kind === 'rotate') return { matrix: affineMatrix(-largest.rotate * amount, 1, 0, 0) };
      const slant = (Math.atan(largest.shear * amount) * 180) / Math.PI;
      return { matrix: affineMatrix(0, 1, kind === 'shearX' ? slant : 0, kind === 'shearY' ? slant : 0) };
    }),
  );
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
    warpChoices: new Int16Array(count).fill(-1),
    sharpenChoices: new Int16Array(count).fill(-1),
    edits: new Array<PixelEdit | undefined>(count).fill(undefined),
    amounts: new Float32Array(count),
  };
  for (let sample = 0; sample < count; sample++) operations[stream.below(operations.length)]?.(round, sample);
  window.warp(distinct(bank, round.warpChoices), round.warpChoices);
  window.convolve(sharpenings, round.sharpenChoices);
  window.steps.push({ kind: 'edit', edits: round.edits, values: round.amounts, valuesPerSample: 1 });
}

/** Merges entries of one matrix (RandAugment has one strength), so that their samples share mosaics. */
function distinct(bank: readonly Warp[], choices: Int16Array): Warp[] {
  const kept: Warp[] = [];
  const places = new Map<string, number>();
  const moved = bank.map((entry) => {
    const key = entry.matrix.join(' ');
    const place = places.get(key) ?? kept.push(entry) - 1;
    places.set(key, place);
    return place;
  });
  for (let i = 0; i < choices.length; i++) {
    const choice = choices[i] as number;
    if (choice >= 0) choices[i] = moved[choice] as number;
  }
  return kept;
}
