/** Options that are objects of their own. */
import { z } from 'zod';
import { monitorSchema } from '../contracts/index.js';

const count = z.int().min(1);

/** A fold of a cross-validation. */
export const foldSchema = z
  .strictObject({ index: count, of: z.int().min(2) })
  .refine(({ index, of }) => index <= of, { path: ['index'], message: 'an index from 1 to the number of folds' });

/** When a run ends early. */
export const earlyStoppingSchema = z.strictObject({
  patience: count,
  minDelta: z.number().min(0).default(0),
  monitor: monitorSchema.optional(),
  restoreBest: z.boolean().default(true),
});

/** What a run is expected to reach. */
export const targetSchema = z
  .strictObject({
    accuracy: z.number().min(0).max(1).optional(),
    /** Instead of `accuracy`: a value of the epoch and the number that it must reach. */
    monitor: monitorSchema.optional(),
    value: z.number().optional(),
    stop: z.boolean().default(false),
  })
  .refine(
    ({ accuracy, monitor, value }) => [accuracy, monitor ?? value].filter((part) => part !== undefined).length === 1,
    {
      params: { needs: 'either accuracy, or monitor and value' },
    },
  )
  .refine(({ monitor, value }) => (monitor === undefined) === (value === undefined), {
    params: { needs: 'monitor and value together' },
  });

/** How an epoch chooses its samples. */
export const samplerSchema = z.discriminatedUnion('name', [
  z.strictObject({ name: z.literal('shuffle') }),
  z.strictObject({ name: z.literal('balanced') }),
  z
    .strictObject({
      name: z.literal('weighted'),
      classWeights: z.array(z.number().min(0)).min(1).optional(),
      /** A number a line for each training sample, or `path,number` lines; JSON with a list of numbers. */
      file: z.string().min(1).optional(),
      /** Of the file, which a run records; a resumed run refuses another. */
      sha256: z.string().optional(),
    })
    .refine(({ classWeights, file }) => (classWeights === undefined) !== (file === undefined), {
      params: { needs: 'either classWeights or file, as weighted:classWeights=[1,2] or weighted:file=weights.txt' },
    }),
]);

/** How an epoch chooses its samples. */
export type SamplerSpec = z.output<typeof samplerSchema>;
