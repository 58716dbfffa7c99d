import type { z } from 'zod';
import { optionError } from '../errors.js';

/** The value at a path inside options. */
function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined),
    value,
  );
}

/**
 * Checks options against a strict schema.
 *
 * @param place how the options are called in an error, for example `optimizer`
 * @throws ConvoyError `CONVOY_OPTION` naming the first wrong or unknown option
 */
export function parseOptions<Schema extends z.ZodType>(schema: Schema, value: unknown, place: string): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  if (issue === undefined) throw optionError(place, 'valid options', value);
  if (issue.code === 'unrecognized_keys') {
    const at = [place, ...issue.path].join('.');
    throw optionError(at, 'known options only', issue.keys.join(', '));
  }
  const expected = issue.message.replace(/^Invalid \w+: expected /, '').replace(/^Invalid input$/, 'a known name');
  throw optionError([place, ...issue.path].join('.'), expected, valueAt(value, issue.path));
}
