#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { createTerminal, exitCodeOf, tellError } from './terminal.js';

const json = process.argv.includes('--json');
// Compiled files lie in dist/src/cli.
const { version } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as { version: string };

const program = new Command('convoy')
  .description('Trains image networks on every core of a machine.')
  .version(version, '-V, --version', 'version of convoy')
  .showHelpAfterError('(convoy COMMAND --help lists the options)')
  .exitOverride()
  // With --json a wrong flag is told as every other error: one object a line.
  .configureOutput(json ? { writeErr: () => undefined } : {});

/** Each command's code is loaded only where it is needed: TensorFlow.js and charts take most of a second. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  train: async () => (await import('./train.js')).trainCommand(),
  evaluate: async () => (await import('./evaluate.js')).evaluateCommand(),
  predict: async () => (await import('./predict.js')).predictCommand(),
  verify: async () => (await import('./verify.js')).verifyCommand(),
  data: async () => (await import('./data.js')).dataCommand(),
  augment: async () => (await import('./augment.js')).augmentCommand(),
  model: async () => (await import('./model.js')).modelCommand(),
  analyse: async () => (await import('./analyse.js')).analyseCommand(),
  'lr-find': async () => (await import('./lr-find.js')).learningRateCommand(),
  tune: async () => (await import('./tune.js')).tuneCommand(),
};

/** Commands made elsewhere do not have these settings of their own. */
function inherit(parent: Command): void {
  for (const command of parent.commands) inherit(command.copyInheritedSettings(parent));
}

try {
  const wanted = Object.entries(commands).filter(([name]) => name === process.argv[2]);
  for (const [, load] of wanted.length > 0 ? wanted : Object.entries(commands)) program.addCommand(await load());
  inherit(program);
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) tellError(createTerminal(json), error);
  else if (json && error.exitCode !== 0) {
    createTerminal(json).record({ type: 'error', code: 'CONVOY_OPTION', message: error.message.replace(/^error: /, '') });
  }
  process.exitCode = exitCodeOf(error);
}
