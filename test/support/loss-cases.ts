/** Values and gradients of losses by PyTorch and Keras, for both engines. */
import { z } from 'zod';
import type { LossSpec } from '../../src/contracts/index.js';
import { parseLoss } from '../../src/losses/index.js';
import { readParity } from './parity.js';

const rows = z.array(z.array(z.number()));
const caseSchema = z.object({
  input: rows,
  loss: z.number(),
  gradient: rows,
  labels: z.array(z.int()).optional(),
  targets: rows.optional(),
  weights: z.array(z.number()).optional(),
  spec: z.unknown().optional(),
});
type LossCase = z.infer<typeof caseSchema>;

function read(name: string): [string, LossCase & { readonly parsed: LossSpec }][] {
  return Object.entries(z.record(z.string(), caseSchema).parse(readParity(name))).map(([title, given]) => {
    return [title, { ...given, parsed: parseLoss(given.spec ?? sharedSpecs[title]?.(given), given.input[0]?.length) }];
  });
}

/** Which of our losses each shared case, named after PyTorch's function, is. */
const sharedSpecs: Readonly<Record<string, (given: LossCase) => LossSpec>> = {
  cross_entropy: () => ({ name: 'crossEntropy' }),
  'cross_entropy_label_smoothing_0.1': () => ({ name: 'crossEntropy', labelSmoothing: 0.1 }),
  cross_entropy_class_weights: ({ weights }) => ({ name: 'crossEntropy', classWeights: weights ?? [] }),
  cross_entropy_soft_targets: () => ({ name: 'crossEntropy' }),
  cross_entropy_large_logits: () => ({ name: 'crossEntropy' }),
  mse: () => ({ name: 'meanSquaredError' }),
  kl_div_batchmean_log_input: () => ({ name: 'klDivergence' }),
  bce: () => ({ name: 'binaryCrossEntropy', fromLogits: false }),
  bce_with_logits: () => ({ name: 'binaryCrossEntropy' }),
};

/** By title. */
export const lossCases = [...read('losses.json'), ...read('losses-more.json')];
