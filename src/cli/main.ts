#!/usr/bin/env node
import { Command } from 'commander';
import { createTerminal, exitCodeOf, tellError } from './terminal.js';
import { trainCommand } from './train.js';

const program = new Command('convoy')
  .description('Trains image networks on every core of a machine.')
  .showHelpAfterError('(convoy COMMAND --help lists the options)')
  .addCommand(await trainCommand());

try {
  await program.parseAsync();
} catch (error) {
  tellError(createTerminal(process.argv.includes('--json')), error);
  process.exitCode = exitCodeOf(error);
}
