import { z } from 'zod';
import { optionError } from '../base/errors.js';
import { parseOptions } from '../base/validate.js';
import type { LossSpec } from '../contracts/index.js';

const fromLogits = z.boolean().exactOptional();
const share = z.number().min(0).lt(1).exactOptional();

const crossEntropySchema = z
  .strictObject({
    name: z.literal('crossEntropy'),
    fromLogits,
    labelSmoothing: share,
    classWeights: z.array(z.number().min(0)).min(1).exactOptional(),
  })
  .refine(({ classWeights }) => classWeights === undefined || classWeights.some((weight) => weight > 0), {
    path: ['classWeights'],
    message: 'at least one class weight above 0',
  })
  .refine(
    // A smoothed sample of a class of weight 0 would have a loss but no weight to average it by.
    ({ classWeights, labelSmoothing }) => !labelSmoothing || (classWeights ?? []).every((weight) => weight > 0),
    { path: ['classWeights'], message: 'class weights above 0 together with labelSmoothing' },
  );

const lossOptions = [
  crossEntropySchema,
  z.strictObject({ name: z.literal('binaryCrossEntropy'), fromLogits, labelSmoothing: share }),
  z.strictObject({
    name: z.literal('focal'),
    gamma: z.number().min(0).exactOptional(),
    alpha: z.number().positive().exactOptional(),
    fromLogits,
  }),
  z.strictObject({ name: z.literal('meanSquaredError') }),
  z.strictObject({ name: z.literal('meanAbsoluteError') }),
  z.strictObject({ name: z.literal('huber'), delta: z.number().positive().exactOptional() }),
  z.strictObject({ name: z.literal('klDivergence'), fromLogits }),
  z.strictObject({ name: z.literal('hinge') }),
  z.strictObject({ name: z.literal('module'), path: z.string().min(1), export: z.string().min(1).exactOptional() }),
] as const;

/** Names a loss can be given by. */
export const lossNames = lossOptions.map((option) => option.shape.name.value);

/** The options of every loss; see `LossSpec` for what they mean. Unknown keys are refused. */
export const lossSchema = z.discriminatedUnion('name', lossOptions, {
  error: (issue) => (issue.code === 'invalid_union' ? `one of ${lossNames.join(', ')}` : undefined),
});

/**
 * Checks a loss given by a person: a name alone (`'crossEntropy'`) or an object with its options.
 *
 * @param classes when known, the number that `classWeights` must have.
 * @throws ConvoyError `CONVOY_OPTION` that names the wrong option.
 */
export function parseLoss(input: unknown, classes?: number): LossSpec {
  const given = typeof input === 'string' ? { name: input } : input;
  const spec: LossSpec = parseOptions(lossSchema, given, 'loss');
  if (
    classes !== undefined &&
    spec.name === 'crossEntropy' &&
    spec.classWeights &&
    spec.classWeights.length !== classes
  ) {
    throw optionError('loss.classWeights', `${classes} weights, one a class`, spec.classWeights);
  }
  return spec;
}

/** One line for logs: `crossEntropy(labelSmoothing=0.1)`. */
export function lossName(spec: LossSpec): string {
  const options = Object.entries(spec).filter(([key]) => key !== 'name');
  if (options.length === 0) return spec.name;
  return `${spec.name}(${options.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(', ')})`;
}
