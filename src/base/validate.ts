import type { z } from 'zod';
import { type ConvoyError, optionError } from './errors.js';

/**
 * Checks options against a schema and fills in defaults.
 *
 * @param where prefix of names in messages: `config`, `recipe`, `--optimizer`.
 * @throws ConvoyError `CONVOY_OPTION` for the first thing that is wrong: its name, what was expected, what was found.
 */
export function parseOptions<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  where: string,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw issue === undefined ? optionError(where, 'valid options', value) : describeIssue(issue, value, where);
}

function describeIssue(issue: z.core.$ZodIssue, value: unknown, where: string): ConvoyError {
  const name = [where, ...issue.path.map(String)].filter((part) => part !== '').join('.');
  const found = issue.path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined),
    value,
  );
  switch (issue.code) {
    case 'unrecognized_keys': {
      const key = issue.keys[0] as string;
      const place = [name, key].filter((part) => part !== '').join('.');
      return optionError(place, 'a known option (it is none)', (found as Record<string, unknown>)[key]);
    }
    case 'invalid_type':
      return optionError(name, article(issue.expected), found);
    case 'too_small':
      return optionError(name, `${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}`, found);
    case 'too_big':
      return optionError(name, `${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}`, found);
    case 'invalid_value':
      return optionError(name, `one of ${issue.values.map((item) => JSON.stringify(item)).join(', ')}`, found);
    case 'invalid_union': {
      // Of the alternatives of a plain union, the one that got furthest says most.
      const deepest = issue.errors.flat().sort((a, b) => b.path.length - a.path.length)[0];
      if (deepest !== undefined && deepest.path.length > 0) return describeIssue(deepest, found, name);
      const alternatives = issue.errors
        .flat()
        .map((item) =>
          item.code === 'invalid_type'
            ? article(item.expected)
            : item.code === 'invalid_value'
              ? item.values.map((v) => JSON.stringify(v)).join(', ')
              : item.message,
        );
      // A union told apart by a field says which values that has.
      const choices = /Expected (.*)$/.exec(issue.message)?.[1]?.replaceAll("'", '"').replaceAll(' | ', ', ');
      const expected =
        alternatives.length > 0
          ? [...new Set(alternatives)].join(' or ')
          : choices === undefined
            ? issue.message
            : `one of ${choices}`;
      return optionError(name, expected, found);
    }
    default:
      return optionError(name, issue.message, found);
  }
}

function article(type: string): string {
  if (type === 'int') return 'an integer';
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}
