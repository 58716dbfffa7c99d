/**
 * RandAugment (Cubuk et al. 2019) and TrivialAugmentWide (Müller and Hutter 2021), built from the other transforms:
 * the fourteen operations and their strengths are those of `torchvision/transforms/autoaugment.py`. Shears are about
 * the centre.
 */
import type { RandomStream } from '../../src/base/random.js';
import type { ColourOperation, FilterChoice, TransformChoice } from '../pixels/index.js';
import type { Transform } from '../spec/index.js';
import { affineMatrix } from './banks.js';
import type { PlanBuilder } from './builder.js';

const operations = [
  'identity',
  'shearX',
  'shearY',
  'translateX',
  'translateY',
  'rotate',
  'brightness',
  'saturation',
  'contrast',
  'sharpness',
  'posterize',
  'solarize',
  'autocontrast',
  'equalize',
] as const;
type Operation = (typeof operations)[number];
const signed: ReadonlySet<Operation> = new Set([
  'shearX',
  'shearY',
  'translateX',
  'translateY',
  'rotate',
  'brightness',
  'saturation',
  'contrast',
  'sharpness',
]);

/** Largest strength of each operation; the strongest bin has it, the weakest 0 (for translations: share of the side). */
interface Strengths {
  readonly shear: number;
  readonly translate: (side: number) => number;
  readonly rotate: number;
  readonly enhance: number;
  /** Bits that the strongest posterize drops. */
  readonly posterize: number;
}
const strengths: Readonly<Record<'randAugment' | 'trivialAugment', Strengths>> = {
  randAugment: { shear: 0.3, translate: (side) => (150 / 331) * side, rotate: 30, enhance: 0.9, posterize: 4 },
  trivialAugment: { shear: 0.99, translate: () => 32, rotate: 135, enhance: 0.99, posterize: 6 },
};

type Automatic = Extract<Transform, { name: 'randAugment' | 'trivialAugment' }>;

/** Appends the operations of one automatic policy. */
export function appendAutomatic(builder: PlanBuilder, transform: Automatic, stream: RandomStream): void {
  const rounds = transform.name === 'randAugment' ? transform.operations : 1;
  for (let round = 0; round < rounds; round++) appendRound(builder, transform, stream);
}

/** Each sample gets one operation; interpolated ones take their strength from a bank, the others their own. */
function appendRound(builder: PlanBuilder, transform: Automatic, stream: RandomStream): void {
  const { count, shape, bankSize } = builder;
  const strength = strengths[transform.name];
  const draw = (): number =>
    (transform.name === 'randAugment' ? transform.magnitude : stream.below(transform.bins)) / (transform.bins - 1);
  const sign = (): number => (stream.uniform() < 0.5 ? -1 : 1);

  const turns: TransformChoice[] = [];
  const turnsOf = new Map<Operation, number>();
  for (const operation of ['shearX', 'shearY', 'rotate'] as const) {
    turnsOf.set(operation, turns.length);
    for (let i = 0; i < bankSize; i++) {
      // Signs alternate, so that a bank of one strength is two matrices, and any bank is balanced.
      const amount = draw() * (i % 2 === 0 ? 1 : -1);
      const slant = (Math.atan(strength.shear * amount) * 180) / Math.PI;
      if (operation === 'rotate') turns.push({ matrix: affineMatrix(-strength.rotate * amount, 1, 0, 0) });
      else
        turns.push({
          matrix: affineMatrix(0, 1, operation === 'shearX' ? slant : 0, operation === 'shearY' ? slant : 0),
        });
    }
  }
  const filters: FilterChoice[] = [];
  for (let i = 0; i < bankSize; i++) {
    filters.push({ kind: 'sharpness', factor: 1 + strength.enhance * draw() * (i % 2 === 0 ? 1 : -1) });
  }
  const moves = builder.moves();
  const turnChoices = new Int16Array(count).fill(-1);
  const filterChoices = new Int16Array(count).fill(-1);
  const colours: ColourOperation[] = [];
  const amounts = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const operation = operations[stream.below(operations.length)] ?? 'identity';
    let colour: ColourOperation = 'none';
    switch (operation) {
      case 'identity':
        break;
      case 'shearX':
      case 'shearY':
      case 'rotate':
        turnChoices[i] = (turnsOf.get(operation) ?? 0) + stream.below(bankSize);
        break;
      case 'sharpness':
        filterChoices[i] = stream.below(bankSize);
        break;
      case 'translateX':
        moves.shift(i, Math.trunc(draw() * strength.translate(shape.width)) * sign(), 0);
        break;
      case 'translateY':
        moves.shift(i, 0, Math.trunc(draw() * strength.translate(shape.height)) * sign());
        break;
      case 'posterize':
        colour = operation;
        amounts[i] = 8 - Math.round(draw() * strength.posterize);
        break;
      case 'solarize':
        colour = operation;
        amounts[i] = 255 * (1 - draw());
        break;
      default:
        colour = operation;
        amounts[i] = signed.has(operation) ? 1 + strength.enhance * draw() * sign() : 0;
    }
    colours.push(colour);
  }
  builder.transform(distinct(turns, turnChoices), turnChoices);
  builder.filter(filters, filterChoices);
  builder.steps.push({ kind: 'colour', operations: colours, amounts });
}

/** Merges entries of one matrix (RandAugment has one strength), so that their samples share mosaics. */
function distinct(bank: readonly TransformChoice[], choices: Int16Array): TransformChoice[] {
  const kept: TransformChoice[] = [];
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
