import { Command as Commander, type CommanderError } from 'commander';
import { combinationError } from '../api/errors.js';
import { launchedRank } from '../api/process.js';
import type { Command } from './define.js';
import { type Option, option } from './options.js';
import { createTerminal } from './terminal.js';

const json = option('--json', 'one JSON object a line instead of text');

/** All options of a command. */
export function optionsOf({ options = [] }: Command): readonly Option[] {
  return [...options, json];
}

/** A wrong command line: what commander found, in which command, below which names. */
export class UsageError extends Error {
  readonly command: Command;
  readonly path: readonly string[];
  /** Arguments that were given, without options. */
  readonly given: readonly string[];
  override readonly cause: CommanderError;

  constructor(command: Command, path: readonly string[], given: readonly string[], cause: CommanderError) {
    super(cause.message);
    this.command = command;
    this.path = path;
    this.given = given;
    this.cause = cause;
  }
}

/** The command in commander's form. It prints help and version alone; what is wrong is thrown as `UsageError`. */
export function buildCommand(command: Command, above: readonly string[] = []): Commander {
  const path = [...above, command.name];
  const built: Commander = new Commander(command.name)
    .description(command.description)
    .configureOutput({ outputError: () => undefined })
    .exitOverride((cause) => {
      throw new UsageError(command, path, built.args, cause);
    });
  for (const { form, description, parse } of command.arguments ?? []) {
    if (parse === undefined) built.argument(form, description);
    else built.argument(form, description, (text: string, before: unknown) => parse(text, form, before));
  }
  for (const below of command.commands ?? []) built.addCommand(buildCommand(below, path));
  const { action } = command;
  if (action === undefined) return built;
  for (const each of optionsOf(command)) addOption(built, each);
  const more = helpAfter(command);
  if (more !== '') built.addHelpText('after', more);
  return built.action((...given: unknown[]) => {
    const flags = built.opts<{ readonly json?: true }>();
    const { json: asJson, ...own } = flags;
    if (command.onRanks !== true && launchedRank() !== undefined)
      throw combinationError('mpirun', 'excludes', `${path.join(' ')}: only convoy train works on several ranks`);
    return action(given.slice(0, command.arguments?.length ?? 0), own, createTerminal(asJson === true));
  });
}

function addOption(built: Commander, { flags, description, parse, default: fallback }: Option): void {
  const name = flags.split(' ')[0] ?? flags;
  if (parse === undefined) built.option(flags, description);
  else built.option(flags, description, (text: string, before: unknown) => parse(text, name, before), fallback);
}

function helpAfter({ examples = [], help }: Command): string {
  const width = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, what]) => `  ${line.padEnd(width)}  ${what}`.trimEnd());
  return [
    ...(lines.length === 0 ? [] : [`\nExamples:\n${lines.join('\n')}`]),
    ...(help === undefined ? [] : [help()]),
  ].join('\n');
}
