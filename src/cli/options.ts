/** An option or argument of a command, typed by its flags: `--data-dir <dir>` gives `dataDir`, a text. */

/**
 * Reads a value; `name` is the option's, for messages, and `before` the value so far of one that may be given
 * again. A method's type, so that parsers of any value fit into one list.
 */
export type Parser<Value> = { parse(text: string, name: string, before?: Value): Value }['parse'];

type Camel<Text extends string> = Text extends `${infer First}-${infer Rest}`
  ? `${First}${Capitalize<Camel<Rest>>}`
  : Text;
type NameOf<Flags extends string> = Flags extends `--${infer Name} ${string}`
  ? Camel<Name>
  : Flags extends `--${infer Name}`
    ? Camel<Name>
    : never;
/** What flags without a parser give. */
type Plain<Flags extends string> = Flags extends `${string}...>`
  ? string[]
  : Flags extends `${string}>`
    ? string
    : true;

export interface Option<Name extends string = string, Value = unknown> {
  readonly name: Name;
  readonly flags: string;
  readonly description: string;
  readonly parse?: Parser<unknown> | undefined;
  readonly default?: unknown;
  /** Flags of other programs for the same: messages name the right one. */
  readonly alsoCalled: readonly string[];
  /** For types alone, never there. */
  readonly gives?: { readonly value: Value };
}

export interface OptionSettings {
  readonly alsoCalled?: readonly string[];
}

/** An option without a parser gives a text, texts or true; one without a default is undefined where it is not given. */
export function option<const Flags extends string>(
  flags: Flags,
  description: string,
  settings?: OptionSettings,
): Option<NameOf<Flags>, Plain<Flags> | undefined>;
export function option<const Flags extends string, Value>(
  flags: Flags,
  description: string,
  settings: OptionSettings & { readonly parse: Parser<Value>; readonly default: NoInfer<Value> },
): Option<NameOf<Flags>, Value>;
export function option<const Flags extends string, Value>(
  flags: Flags,
  description: string,
  settings: OptionSettings & { readonly parse: Parser<Value> },
): Option<NameOf<Flags>, Value | undefined>;
export function option(
  flags: string,
  description: string,
  settings: OptionSettings & { readonly parse?: Parser<unknown>; readonly default?: unknown } = {},
): Option {
  const { alsoCalled = [], parse, ...rest } = settings;
  const name = (/^--([a-z-]+)/.exec(flags)?.[1] ?? '').replace(/-([a-z])/g, (_, letter: string) =>
    letter.toUpperCase(),
  );
  return { name, flags, description, alsoCalled, parse, ...rest };
}

/** What an option or argument gives. */
type ValueOf<Part extends { readonly gives?: { readonly value: unknown } }> = NonNullable<Part['gives']>['value'];

/** Values of options by name, as an action gets them. */
export type Flags<Options extends readonly Option[]> = {
  readonly [Each in Options[number] as Each['name']]: ValueOf<Each>;
};

/** Values of arguments in order. */
export type Values<Arguments extends readonly Argument[]> = {
  readonly [At in keyof Arguments]: ValueOf<Arguments[At]>;
};

export interface Argument<Value = unknown> {
  readonly form: string;
  readonly description: string;
  readonly parse?: Parser<unknown> | undefined;
  /** For types alone, never there. */
  readonly gives?: { readonly value: Value };
}

type PlainArgument<Form extends string> = Form extends `${string}...${string}` ? string[] : string;
/** Of `[name]`, which may be left out. */
type Given<Form extends string, Value> = Form extends `[${string}...]`
  ? Value
  : Form extends `[${string}`
    ? Value | undefined
    : Value;

/** `<run>` must be there, `[name]` may; `<image...>` takes all that are left. */
export function argument<const Form extends string>(
  form: Form,
  description: string,
): Argument<Given<Form, PlainArgument<Form>>>;
export function argument<const Form extends string, Value>(
  form: Form,
  description: string,
  parse: Parser<Value>,
): Argument<Given<Form, Value>>;
export function argument(form: string, description: string, parse?: Parser<unknown>): Argument {
  return { form, description, parse };
}
