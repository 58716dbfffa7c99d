import type { z } from 'zod';
import { ConvoyError } from '../base/errors.js';

/**
 * Checks a callback's state from a checkpoint.
 *
 * @throws ConvoyError `CONVOY_CHECKPOINT`.
 */
export function restoreState<Schema extends z.ZodType>(
  callback: string,
  schema: Schema,
  state: unknown,
): z.output<Schema> {
  const parsed = schema.safeParse(state);
  if (parsed.success) return parsed.data;
  const found = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
  throw new ConvoyError('CONVOY_CHECKPOINT', `Expected the state of callback ${callback} but found ${found}`, {
    place: callback,
  });
}
