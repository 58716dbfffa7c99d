import { z } from 'zod';

/** A value of the epoch record that decisions can be made on. */
export const monitorSchema = z.enum([
  'train.loss',
  'train.accuracy',
  'test.loss',
  'test.accuracy',
  'validation.loss',
  'validation.accuracy',
]);
export type Monitor = z.infer<typeof monitorSchema>;
