/** The names that a schema takes, keys and choices, with other libraries' words for them: what messages suggest from. */
import { z } from 'zod';
import type { Aliases } from './suggest.js';

type Schema = z.core.$ZodType;

const words = z.registry<{ readonly words: readonly string[] }>();
const choices = z.registry<{ readonly aliases: Aliases }>();

/**
 * Says how other libraries call an option, or the thing that a schema with a `name` describes. Messages suggest the right
 * name to who types one of them; it is not accepted instead.
 */
export function alsoCalled<Option extends z.ZodType>(schema: Option, others: readonly string[] = []): Option {
  if (others.length === 0) return schema;
  // A copy: the schema may be that of several options.
  const own = schema.clone() as Option;
  words.add(own, { words: others });
  return own;
}

/** Says how other libraries call the choices of an enumeration. */
export function choicesAlsoCalled<Option extends z.ZodType>(schema: Option, aliases: Aliases): Option {
  choices.add(schema, { aliases });
  return schema;
}

/** A schema without its wrappers: optional, default, pipe. */
function layersOf(schema: Schema): Schema[] {
  const layers = [schema];
  for (let at: Schema | undefined = schema; at !== undefined; ) {
    const { def } = at._zod as { readonly def: { readonly innerType?: Schema; readonly in?: Schema } };
    at = def.innerType ?? def.in;
    if (at !== undefined) layers.push(at);
  }
  return layers;
}

const core = (schema: Schema): Schema => layersOf(schema).at(-1) as Schema;

/** Other words for the choices of an enumeration. */
export function choiceAliases(schema: Schema | undefined): Aliases | undefined {
  if (schema === undefined) return undefined;
  return layersOf(schema)
    .map((layer) => choices.get(layer)?.aliases)
    .find((aliases) => aliases !== undefined);
}

/** Other words for the option or named thing that a schema describes. */
function wordsOf(schema: Schema): readonly string[] {
  return layersOf(schema).flatMap((layer) => words.get(layer)?.words ?? []);
}

/** Keys that an object takes, and other words for them. */
export function keysOf(schema: Schema | undefined, value: unknown): { known: string[]; aliases: Aliases } {
  const shape = schema === undefined ? undefined : shapeOf(schema, value);
  const entries = Object.entries(shape ?? {});
  return {
    known: entries.map(([key]) => key),
    aliases: Object.fromEntries(entries.map(([key, option]) => [key, wordsOf(option)])),
  };
}

/** The names that a union takes whose parts are told apart by a field. */
export function namesOf(
  schema: Schema | undefined,
): { readonly field: string; readonly known: string[]; readonly aliases: Aliases } | undefined {
  const union = schema === undefined ? undefined : core(schema);
  if (!(union instanceof z.core.$ZodDiscriminatedUnion)) return undefined;
  const { discriminator: field, options } = union._zod.def;
  const named = options.flatMap((option) => {
    const values = [...((option as Schema)._zod.propValues?.[field] ?? [])].map(String);
    return values.map((name) => [name, wordsOf(option as Schema)] as const);
  });
  return { field, known: named.map(([name]) => name), aliases: Object.fromEntries(named) };
}

/** The schema of what lies at a path of a value. */
export function schemaAt(schema: Schema, path: readonly PropertyKey[], value: unknown): Schema | undefined {
  const [key, ...rest] = path;
  if (key === undefined) return schema;
  const inner = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<PropertyKey, unknown>>;
  const next = childOf(schema, key, value);
  return next === undefined ? undefined : schemaAt(next, rest, inner[key]);
}

function childOf(schema: Schema, key: PropertyKey, value: unknown): Schema | undefined {
  const whole = core(schema);
  if (whole instanceof z.core.$ZodArray) return whole._zod.def.element as Schema;
  if (whole instanceof z.core.$ZodTuple) return whole._zod.def.items[Number(key)] as Schema | undefined;
  return shapeOf(schema, value)?.[String(key)];
}

/** The keys' schemas of an object, or of the part of a union that a value belongs to. */
function shapeOf(schema: Schema, value: unknown): Readonly<Record<string, Schema>> | undefined {
  const whole = core(schema);
  if (whole instanceof z.core.$ZodObject) return whole._zod.def.shape as Readonly<Record<string, Schema>>;
  if (!(whole instanceof z.core.$ZodUnion)) return undefined;
  const parts = whole._zod.def.options as readonly Schema[];
  const field = namesOf(schema)?.field;
  const own = parts.find((part) => {
    if (field === undefined) return core(part) instanceof z.core.$ZodObject;
    const name = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[field] : undefined;
    return part._zod.propValues?.[field]?.has(name as string) === true;
  });
  return own === undefined ? undefined : shapeOf(own, value);
}
