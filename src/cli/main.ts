#!/usr/bin/env node
import { Command } from 'commander';
import { augmentCommand } from './augment.js';
import { evaluateCommand } from './evaluate.js';
import { modelCommand } from './model.js';
import { predictCommand } from './predict.js';
import { createTerminal, exitCodeOf, tellError } from './terminal.js';
import { trainCommand } from './train.js';
import { tuneCommand } from './tune.js';
import { verifyCommand } from './verify.js';

const program = new Command('convoy')
  .description('Trains image networks on every core of a machine.')
  .showHelpAfterError('(convoy COMMAND --help lists the options)')
  .addCommand(await trainCommand())
  .addCommand(evaluateCommand())
  .addCommand(predictCommand())
  .addCommand(verifyCommand())
  .addCommand(augmentCommand())
  .addCommand(tuneCommand())
  .addCommand(modelCommand());

try {
  await program.parseAsync();
} catch (error) {
  tellError(createTerminal(process.argv.includes('--json')), error);
  process.exitCode = exitCodeOf(error);
}
