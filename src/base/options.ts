import { z } from 'zod';
import { alsoCalled } from './schema-names.js';

/**
 * An option of something that one file defines (an optimizer, a loss, a schedule): what it may be, its default, and what
 * it does. Schemas, help and docs tables derive from it.
 */
export interface OptionSpec<Schema extends z.ZodType = z.ZodType, Default = unknown> {
  readonly schema: Schema;
  /** Undefined: nothing stands in for it. */
  readonly default: Default;
  readonly required: boolean;
  readonly description: string;
  /** How other libraries call it: messages suggest the right name. */
  readonly words?: readonly string[];
}

/** Options by name. */
export type Options = Readonly<Record<string, OptionSpec>>;

/** An option that may be left out. */
export function option<Schema extends z.ZodType, const Default>(
  schema: Schema,
  value: Default,
  description: string,
  words: readonly string[] = [],
): OptionSpec<Schema, Default> & { readonly required: false } {
  return { schema, default: value, required: false, description, words };
}

/** An option that must be given. */
export function required<Schema extends z.ZodType>(
  schema: Schema,
  description: string,
  words: readonly string[] = [],
): OptionSpec<Schema, undefined> & { readonly required: true } {
  return { schema, default: undefined, required: true, description, words };
}

/** Options as a person gives them: those with a default may be left out. */
export type GivenShape<Own extends Options> = {
  [Name in keyof Own]: Own[Name] extends { readonly required: true }
    ? Own[Name]['schema']
    : z.ZodOptional<Own[Name]['schema']>;
};

/** Options with their defaults filled in. */
export type Filled<Own extends Options> = {
  readonly [Name in keyof Own]:
    | z.output<Own[Name]['schema']>
    | (Own[Name] extends { readonly required: false; readonly default: undefined } ? undefined : never);
};

/** The shape of a schema that leaves out what is not given. */
export function givenShape<Own extends Options>(options: Own): GivenShape<Own> {
  const shape = Object.entries(options).map(([name, { schema, required, description, words }]) => [
    name,
    alsoCalled((required ? schema : schema.optional()).describe(description), words),
  ]);
  return Object.fromEntries(shape) as GivenShape<Own>;
}

/** Options of a schema that fills in the defaults. */
export type FilledShape<Own extends Options> = {
  [Name in keyof Own]: Own[Name] extends { readonly required: true }
    ? Own[Name]['schema']
    : Own[Name] extends { readonly default: undefined }
      ? z.ZodOptional<Own[Name]['schema']>
      : z.ZodDefault<Own[Name]['schema']>;
};

/** The shape of a schema that fills in the defaults. */
export function filledShape<Own extends Options>(options: Own): FilledShape<Own> {
  const shape = Object.entries(options).map(([name, { schema, required, default: value, description, words }]) => {
    const filling = required ? schema : value === undefined ? schema.optional() : schema.default(value as never);
    return [name, alsoCalled(filling.describe(description), words)];
  });
  return Object.fromEntries(shape) as FilledShape<Own>;
}

/**
 * Fills in what is not given.
 *
 * @param settle turns a declared default into the value, where it depends on something.
 */
export function fillOptions<Own extends Options>(
  options: Own,
  given: object,
  settle: (value: unknown) => unknown = (value) => value,
): Filled<Own> {
  const values = Object.entries(options).map(([name, { default: value }]) => {
    const found: unknown = Reflect.get(given, name);
    return [name, found === undefined ? settle(value) : found];
  });
  return Object.fromEntries(values) as Filled<Own>;
}

/** A condition on several options together. */
export interface OptionsCheck<Values> {
  readonly option: string;
  /** What the option expects, in the words of an error message, where its own value is wrong. */
  readonly expected?: string;
  /** What else the option needs, in the words of an error message, where it does not go with the others. */
  readonly needs?: string;
  readonly holds: (values: Values) => boolean;
}

/** A schema with conditions on several options together. */
export function withChecks<Schema extends z.ZodType>(
  schema: Schema,
  checks: readonly OptionsCheck<z.output<Schema>>[] = [],
): Schema {
  return checks.reduce(
    (checked, { option, expected, needs, holds }) =>
      checked.refine(holds, {
        path: [option],
        ...(expected === undefined ? {} : { message: expected }),
        ...(needs === undefined ? {} : { params: { needs } }),
      }),
    schema,
  );
}

type SchemasOf<Definitions extends readonly { readonly schema: z.core.$ZodTypeDiscriminable }[]> = {
  readonly [Place in keyof Definitions]: Definitions[Place]['schema'];
};

/** The schema of any of several definitions, told apart by `name`. */
export function byName<
  const Definitions extends readonly [
    { readonly schema: z.core.$ZodTypeDiscriminable },
    ...{ readonly schema: z.core.$ZodTypeDiscriminable }[],
  ],
>(definitions: Definitions): z.ZodDiscriminatedUnion<SchemasOf<Definitions>, 'name'> {
  const schemas = definitions.map(({ schema }) => schema) as unknown as SchemasOf<Definitions>;
  return z.discriminatedUnion('name', schemas as never) as unknown as z.ZodDiscriminatedUnion<
    SchemasOf<Definitions>,
    'name'
  >;
}
