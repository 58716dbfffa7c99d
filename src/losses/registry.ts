import type { z } from 'zod';
import { byName } from '../base/options.js';
import type { NamedLoss } from './define.js';
import { binaryCrossEntropy } from './named/binary-cross-entropy.js';
import { crossEntropy } from './named/cross-entropy.js';
import { detection } from './named/detection.js';
import { dice } from './named/dice.js';
import { focal } from './named/focal.js';
import { hinge } from './named/hinge.js';
import { huber } from './named/huber.js';
import { klDivergence } from './named/kl-divergence.js';
import { meanAbsoluteError } from './named/mean-absolute-error.js';
import { meanSquaredError } from './named/mean-squared-error.js';
import { moduleLoss } from './named/module.js';
import { multibox } from './named/multibox.js';
import { regionProposal } from './named/region-proposal.js';
import { squaredHinge } from './named/squared-hinge.js';

const definitions = [
  crossEntropy,
  binaryCrossEntropy,
  focal,
  dice,
  detection,
  multibox,
  regionProposal,
  meanSquaredError,
  meanAbsoluteError,
  huber,
  klDivergence,
  hinge,
  squaredHinge,
  moduleLoss,
] as const;

/** Every loss, by name. */
export const losses: readonly NamedLoss[] = definitions as readonly unknown[] as readonly NamedLoss[];

/** The options of every loss, by `name`. Unknown keys are refused. */
export const lossSchema = byName(definitions);

/**
 * A loss by name and options. Per sample i it gives l_i and a weight w_i (1 unless class weights are given); the loss
 * of any set of samples is sum(w_i l_i) / sum(w_i), which is PyTorch's `reduction: 'mean'`.
 */
export type LossSpec = Readonly<z.output<typeof lossSchema>>;

/** What is known of a loss by its name. */
export function lossNamed({ name }: Pick<LossSpec, 'name'>): NamedLoss {
  const found = losses.find((candidate) => candidate.name === name);
  if (found === undefined) throw new RangeError(`no loss ${name}`);
  return found;
}
