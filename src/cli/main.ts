#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { augmentCommand } from './augment.js';
import { dataCommand } from './data.js';
import { evaluateCommand } from './evaluate.js';
import { modelCommand } from './model.js';
import { predictCommand } from './predict.js';
import { createTerminal, exitCodeOf, tellError } from './terminal.js';
import { trainCommand } from './train.js';
import { tuneCommand } from './tune.js';
import { verifyCommand } from './verify.js';

const json = process.argv.includes('--json');
// Compiled files lie in dist/src/cli.
const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string };

const program = new Command('convoy')
  .description('Trains image networks on every core of a machine.')
  .version(version, '-V, --version', 'version of convoy')
  .showHelpAfterError('(convoy COMMAND --help lists the options)')
  .exitOverride()
  // With --json a wrong flag is told as every other error: one object a line.
  .configureOutput(json ? { writeErr: () => undefined } : {})
  .addCommand(await trainCommand())
  .addCommand(evaluateCommand())
  .addCommand(predictCommand())
  .addCommand(verifyCommand())
  .addCommand(dataCommand())
  .addCommand(augmentCommand())
  .addCommand(tuneCommand())
  .addCommand(modelCommand());

/** Commands made elsewhere do not have these settings of their own. */
function inherit(parent: Command): void {
  for (const command of parent.commands) inherit(command.copyInheritedSettings(parent));
}

try {
  inherit(program);
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) tellError(createTerminal(json), error);
  else if (json && error.exitCode !== 0) {
    createTerminal(json).record({ type: 'error', code: 'CONVOY_OPTION', message: error.message.replace(/^error: /, '') });
  }
  process.exitCode = exitCodeOf(error);
}
