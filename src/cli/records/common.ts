/** Records that every command may write. */
import { z } from 'zod';
import { count, record, text } from './parts.js';

const note = record('note', 'something that a person should know', { text: text('in English') });

const error = record('error', 'why the command failed; docs/errors.md has the codes', {
  code: text('stable: CONVOY_OPTION and the like; CONVOY_INTERNAL for a fault of convoy'),
  message: text('in English'),
  details: z.looseObject({}).optional().describe('file, place and suggestions, where there are any'),
});

const progress = record('data', 'reading, drawing or decoding of data has begun', {
  what: text('what is done'),
  total: count('how much there is; 0 while unknown'),
  unit: z.enum(['images', 'bytes']).describe('unit of total'),
});

/** In this order in each schema, behind the command's own. */
export const commonRecords: readonly z.ZodType[] = [progress, note, error];

export const picture = record('picture', 'a picture was written', { file: text('path') });
export const dashboard = record('dashboard', 'the page is served', { url: text('address on 127.0.0.1') });
