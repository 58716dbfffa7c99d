import { z } from 'zod';
import type { LossSpec } from '../contracts/index.js';
import { optionError } from '../errors.js';

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

/** The options of every loss; see `LossSpec` for what they mean. Unknown keys are refused. */
export const lossSchema = z.discriminatedUnion('name', [
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
]);

/** Names a loss can be given by. */
export const lossNames = lossSchema.options.map((option) => option.shape.name.value);

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    value = typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined;
  }
  return value;
}

/**
 * Checks a loss given by a person: a name alone (`'crossEntropy'`) or an object with its options.
 *
 * @param classes when known, the number that `classWeights` must have.
 * @throws ConvoyError `CONVOY_OPTION` that names the wrong option.
 */
export function parseLoss(input: unknown, classes?: number): LossSpec {
  const given = typeof input === 'string' ? { name: input } : input;
  const parsed = lossSchema.safeParse(given);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    if (issue === undefined || issue.path.length === 0) {
      if (issue?.code === 'unrecognized_keys') {
        const key = String(issue.keys[0]);
        throw optionError(`loss.${key}`, 'no such option of this loss', valueAt(given, [key]));
      }
      throw optionError('loss', `a loss name (${lossNames.join(', ')}) or an object with one`, input);
    }
    if (issue.path[0] === 'name') throw optionError('loss.name', `one of ${lossNames.join(', ')}`, valueAt(given, ['name']));
    throw optionError(`loss.${issue.path.join('.')}`, issue.message, valueAt(given, issue.path));
  }
  const spec: LossSpec = parsed.data;
  if (classes !== undefined && spec.name === 'crossEntropy' && spec.classWeights && spec.classWeights.length !== classes) {
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
