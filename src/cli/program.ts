import { buildCommand, UsageError } from './build.js';
import type { Command } from './define.js';
import { createTerminal, EndWith, exitCodeOf, exitCodes, tellError } from './terminal.js';
import { usageError } from './usage.js';

/**
 * Runs one command line.
 *
 * @param args without Node and the script.
 * @param version what `--version` prints, where there is such an option.
 * @returns the exit code: see `exitCodeOf`. Errors have been told.
 */
export async function runProgram(program: Command, args: readonly string[], version?: string): Promise<number> {
  const built = buildCommand(program);
  if (version !== undefined) built.version(version, '-V, --version', 'version of convoy');
  try {
    await built.parseAsync(args, { from: 'user' });
    return 0;
  } catch (thrown) {
    const error = thrown instanceof UsageError ? usageError(thrown) : thrown;
    // Help was shown: asked for, or because a command below this one was left out.
    if (error instanceof EndWith) return error.code;
    if (error === undefined) return (thrown as UsageError).cause.exitCode === 0 ? 0 : exitCodes.usage;
    tellError(createTerminal(args.includes('--json')), error);
    return exitCodeOf(error);
  }
}
