import type { Argument, Flags, Option, Values } from './options.js';
import type { Terminal } from './terminal.js';

/** A command of the command line, all of it in one file of `commands/`. */
export interface CommandDefinition<
  Arguments extends readonly Argument[] = readonly Argument[],
  Options extends readonly Option[] = readonly Option[],
> {
  readonly name: string;
  /** One sentence, for `convoy --help`. */
  readonly description: string;
  /** What people type for it: messages name the right one. */
  readonly alsoCalled?: readonly string[];
  readonly arguments?: Arguments;
  /** `--json` is added to all. */
  readonly options?: Options;
  /** Whether several ranks of MPI may run it together. */
  readonly onRanks?: true;
  /** Command lines and what they do. */
  readonly examples?: readonly (readonly [line: string, what: string])[];
  /** More text at the end of the command's help. */
  readonly help?: () => string;
  /** It imports the public API when it runs: parsing a command line must not load TensorFlow. */
  readonly action?: (values: Values<Arguments>, flags: Flags<Options>, terminal: Terminal) => Promise<void>;
  /** Commands below this one, instead of an action: `convoy data list`. */
  readonly commands?: readonly Command[];
}

/** A command whose types of arguments and options are known to its own file alone. */
export interface Command extends Omit<CommandDefinition, 'action'> {
  readonly action?: (
    values: readonly unknown[],
    flags: Readonly<Record<string, unknown>>,
    terminal: Terminal,
  ) => Promise<void>;
}

/** Defines a command: its arguments' and options' types are those of their parsers. */
export function defineCommand<
  const Arguments extends readonly Argument[] = readonly [],
  const Options extends readonly Option[] = readonly [],
>(definition: CommandDefinition<Arguments, Options>): Command {
  const { action, ...rest } = definition;
  if (action === undefined) return rest;
  return {
    ...rest,
    action: (values, flags, terminal) => action(values as Values<Arguments>, flags as Flags<Options>, terminal),
  };
}
