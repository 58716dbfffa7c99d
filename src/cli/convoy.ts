import { readFileSync } from 'node:fs';
import { commands } from './commands/index.js';
import { defineCommand } from './define.js';
import { runProgram } from './program.js';

// Compiled files lie in dist/src/cli.
const manifest = new URL('../../../package.json', import.meta.url);

const convoy = defineCommand({
  name: 'convoy',
  description: 'Trains image networks on every core of a machine.',
  commands,
});

/** Runs one command line of convoy; see `runProgram`. */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  return runProgram(convoy, args, version);
}
