import { z } from 'zod';
import { type ConvoyError, choiceError, combinationError, unknownKeyError, valueError } from './errors.js';
import { Problem } from './problem.js';
import { choiceAliases, keysOf, namesOf, schemaAt } from './schema-names.js';

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
  // A key that is not known explains one that is missing: it is the same in other words.
  const { issues } = parsed.error;
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  throw issue === undefined
    ? valueError(where, 'valid options', value)
    : describeIssue(issue, { schema, value, where });
}

/** What was checked, and the name of it. */
interface Checked {
  readonly schema: z.core.$ZodType;
  readonly value: unknown;
  readonly where: string;
}

/**
 * Refuses keys that a function in code does not take, where no schema does.
 *
 * @param owner the function, for the message.
 * @throws ConvoyError `CONVOY_OPTION` with the name that was meant; also for what is no object.
 */
export function refuseUnknownKeys(owner: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null)
    throw valueError(`the options of ${owner}`, 'an object', options);
  const unknown = Object.keys(options).find((key) => !known.includes(key));
  if (unknown !== undefined) throw unknownKeyError(owner, unknown, { known });
}

function describeIssue(issue: z.core.$ZodIssue, { schema, value, where }: Checked): ConvoyError {
  const name = [where, ...issue.path.map(String)].filter((part) => part !== '').join('.');
  const found = issue.path.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined),
    value,
  );
  const at = schemaAt(schema, issue.path, value);
  switch (issue.code) {
    case 'unrecognized_keys':
      return unknownKeyError(ownerOf(name, found), issue.keys[0] as string, { ...keysOf(at, found), place: name });
    case 'invalid_type':
      return valueError(name, expectedType(issue.expected, at, found), found);
    case 'too_small':
      return valueError(name, limit(issue, issue.inclusive ? 'at least' : 'more than', issue.minimum), found);
    case 'too_big':
      return valueError(name, limit(issue, issue.inclusive ? 'at most' : 'less than', issue.maximum), found);
    case 'invalid_value':
      return choiceError(name, found, { known: issue.values.map(String), aliases: choiceAliases(at) });
    case 'invalid_union': {
      // Of a union told apart by a field, zod's path ends in that field.
      const names = namesOf(schemaAt(schema, issue.path.slice(0, -1), value));
      if (issue.errors.length === 0 && names !== undefined) return choiceError(name, found, names);
      return describeUnion(issue, { schema: at ?? z.unknown(), value: found, where: name });
    }
    case 'custom': {
      const problem: unknown = issue.params?.['problem'];
      if (problem instanceof Problem) return problem.describe(name);
      // A refinement over several options says with which it goes: { params: { needs: 'momentum above 0' } }.
      for (const relation of ['needs', 'excludes'] as const) {
        const other: unknown = issue.params?.[relation];
        if (typeof other === 'string') return combinationError(name, relation, other);
      }
      return valueError(name, issue.message, found);
    }
    default:
      return valueError(name, issue.message, found);
  }
}

function describeUnion(issue: z.core.$ZodIssueInvalidUnion, checked: Checked): ConvoyError {
  const { value, where } = checked;
  // Of the alternatives of a plain union, the one that got furthest says most.
  const deepest = issue.errors.flat().sort((a, b) => b.path.length - a.path.length)[0];
  if (deepest !== undefined && deepest.path.length > 0) return describeIssue(deepest, checked);
  const alternatives = issue.errors.flat().map((item) => {
    if (item.code === 'invalid_type') return article(item.expected);
    return item.code === 'invalid_value' ? item.values.map(String).join(', ') : item.message;
  });
  return valueError(where, alternatives.length > 0 ? [...new Set(alternatives)].join(' or ') : issue.message, value);
}

/** `optimizer adam`: where the options are, and whose they are when they have a name. */
function ownerOf(place: string, options: unknown): string {
  const name = typeof options === 'object' && options !== null && 'name' in options ? options.name : undefined;
  return [place, ...(typeof name === 'string' && place !== '' ? [name] : [])].join(' ');
}

/** `at least 1`, and of what there must be as many where that is not the value itself. */
function limit(issue: { readonly origin: string }, relation: string, bound: number | bigint): string {
  if (issue.origin === 'array' || issue.origin === 'set')
    return `${relation} ${bound === 1 ? 'one value' : `${bound} values`}`;
  return issue.origin === 'string' ? `a text of ${relation} ${bound} characters` : `${relation} ${bound}`;
}

/** A type in words, with the given value in that form where it is clear what was meant. */
function expectedType(type: string, schema: z.core.$ZodType | undefined, found: unknown): string {
  const named =
    type === 'object' &&
    typeof found === 'string' &&
    (keysOf(schema, { name: found }).known.includes('name') || namesOf(schema) !== undefined);
  if (named) return `an object as {"name":"${found}"}`;
  const listed = (type === 'array' || type === 'tuple') && (typeof found === 'number' || typeof found === 'string');
  return listed ? `a list, as [${JSON.stringify(found)}],` : article(type);
}

function article(type: string): string {
  if (type === 'int') return 'an integer';
  if (type === 'array' || type === 'tuple') return 'a list';
  if (type === 'string') return 'a text';
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}
