import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { createTerminal, exitCodeOf, tellError } from './terminal.js';

// Compiled files lie in dist/src/cli.
const manifest = new URL('../../../package.json', import.meta.url);

/** Each command's code is loaded only where it is needed: TensorFlow.js and charts take most of a second. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  train: async () => (await import('./commands/train.js')).trainCommand(),
  evaluate: async () => (await import('./commands/evaluate.js')).evaluateCommand(),
  predict: async () => (await import('./commands/predict.js')).predictCommand(),
  verify: async () => (await import('./commands/verify.js')).verifyCommand(),
  data: async () => (await import('./commands/data.js')).dataCommand(),
  augment: async () => (await import('./commands/augment.js')).augmentCommand(),
  model: async () => (await import('./commands/model.js')).modelCommand(),
  analyse: async () => (await import('./commands/analyse.js')).analyseCommand(),
  'lr-find': async () => (await import('./commands/lr-find.js')).learningRateCommand(),
  tune: async () => (await import('./commands/tune.js')).tuneCommand(),
};

/** Commands made elsewhere do not have these settings of their own. */
function inherit(parent: Command): void {
  for (const command of parent.commands) inherit(command.copyInheritedSettings(parent));
}

async function createProgram(wanted: string | undefined, json: boolean): Promise<Command> {
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string };
  const program = new Command('convoy')
    .description('Trains image networks on every core of a machine.')
    .version(version, '-V, --version', 'version of convoy')
    .showHelpAfterError('(convoy COMMAND --help lists the options)')
    .exitOverride()
    // With --json a wrong flag is told as every other error: one object a line.
    .configureOutput(json ? { writeErr: () => undefined } : {});
  const chosen = Object.entries(commands).filter(([name]) => name === wanted);
  for (const [, load] of chosen.length > 0 ? chosen : Object.entries(commands)) program.addCommand(await load());
  inherit(program);
  return program;
}

/**
 * Runs one command line.
 *
 * @param args without Node and the script.
 * @returns the exit code: see `exitCodeOf`. Errors have been told.
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  const json = args.includes('--json');
  try {
    const program = await createProgram(args[0], json);
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    if (!(error instanceof CommanderError)) tellError(createTerminal(json), error);
    else if (json && error.exitCode !== 0) {
      createTerminal(json).record({
        type: 'error',
        code: 'CONVOY_OPTION',
        message: error.message.replace(/^error: /, ''),
      });
    }
    return exitCodeOf(error);
  }
}
