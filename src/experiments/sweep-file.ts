import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { fileError } from '../base/errors.js';
import { parseOptions } from '../base/validate.js';
import { halvingSchema } from './halving.js';
import { spaceSchema } from './search-space.js';

const fileSchema = spaceSchema.extend({
  /** What all trials start from. */
  recipe: z.string().min(1).optional(),
  /** Options that all trials have. */
  config: z.record(z.string(), z.unknown()).default({}),
  halving: halvingSchema.optional(),
});

/** A sweep as a file describes it. */
export type SweepFile = z.output<typeof fileSchema>;

/**
 * Reads the description of a sweep.
 *
 * @throws ConvoyError `CONVOY_OPTION` for a file that is none, naming the wrong option.
 */
export async function readSweepFile(file: string): Promise<SweepFile> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw fileError('CONVOY_OPTION', file, '', 'a search space in JSON', (error as Error).message, error);
  }
  return parseOptions(fileSchema, value, file);
}
